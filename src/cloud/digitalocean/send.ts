import { request as requestHttp } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';

/** One HTTP request. */
export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** From the start to the last byte of the answer. */
  readonly timeout_ms: number;
  /** Of the answer's body. */
  readonly body_bytes_max: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Thrown when no whole answer came. `sent`: the server may have got the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly sent: boolean;

  constructor(message: string, options: { readonly sent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.sent = options.sent;
  }
}

/**
 * Sends one request over a connection of its own, once: Node's `fetch` repeats what is answered 421, and a connection kept open may be
 * closed by the server just then, which leaves the outcome of a POST unknown. Redirects are answers. Throws `NoAnswer`, or the
 * signal's reason before anything is sent.
 */
export async function send(outgoing: Outgoing): Promise<Answer> {
  outgoing.signal?.throwIfAborted();
  let sent = false;
  const timeout = AbortSignal.timeout(outgoing.timeout_ms);
  const signal = outgoing.signal ? AbortSignal.any([outgoing.signal, timeout]) : timeout;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = open(outgoing, signal);
      request.once('socket', (socket) => {
        const ready = outgoing.url.protocol === 'https:' ? 'secureConnect' : 'connect';
        socket.once(ready, () => (sent = true));
      });
      request.once('response', resolve).once('error', reject);
      request.end(outgoing.body);
    });
    return { status: response.statusCode ?? 0, headers: response.headers, text: await readText(response, outgoing.body_bytes_max) };
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    const why = timeout.aborted ? `no whole answer within ${outgoing.timeout_ms} ms` : reasonOf(error);
    throw new NoAnswer(why, { sent, cause: error });
  }
}

function open({ method, url, headers, body }: Outgoing, signal: AbortSignal): ClientRequest {
  const length = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const options = { method, signal, agent: false, headers: { ...headers, ...length, connection: 'close' } };
  return url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
}

async function readText(response: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      response.destroy();
      throw new NoAnswer(`expected an answer of at most ${bytesMax} bytes, got more`, { sent: true });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
