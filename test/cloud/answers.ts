import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer; `cut` and `silence` are none. A body that is no text is sent as JSON. Default status: 200. */
export type Scripted =
  | 'cut'
  | 'silence'
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly bytes?: number };

/** A server that answers what it was told, in order, and then 418. */
export interface Answers {
  readonly url: string;
  /** `GET /v2/vpcs?page=2`, of every request. */
  readonly lines: readonly string[];
  readonly bodies: readonly unknown[];
  readonly headers: readonly IncomingMessage['headers'][];
  say(...answers: readonly Scripted[]): void;
  /** When nothing else is left to say. */
  sayAlways(answer: Scripted): void;
  close(): Promise<void>;
}

export async function startAnswers(): Promise<Answers> {
  const lines: string[] = [];
  const bodies: unknown[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const script: Scripted[] = [];
  let always: Scripted = { status: 418 };
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      bodies.push(text === '' ? undefined : JSON.parse(text));
      give(response, script.shift() ?? always);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines,
    bodies,
    headers,
    say: (...answers) => void script.push(...answers),
    sayAlways: (answer) => void (always = answer),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function give(response: ServerResponse, answer: Scripted): void {
  if (answer === 'cut') response.destroy();
  if (typeof answer === 'string') return;
  const { status = 200, body, headers, bytes } = answer;
  response.writeHead(status, { ...headers });
  if (bytes !== undefined) pour(response, bytes);
  else response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
}

/** A body of so many bytes, as far as somebody reads it. */
function pour(response: ServerResponse, bytes: number): void {
  const chunk = Buffer.alloc(64 * 1024, 32);
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}
