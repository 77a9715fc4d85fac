import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Description } from './cloud-description.ts';

/** A proxy before a cloud that holds what passes against the official description. */
export interface CheckedTraffic {
  readonly url: string;
  /** Exchanges that were held against it so far. */
  exchanges(): number;
  /** What did not fit, one line each. */
  mismatches(): readonly string[];
  close(): void;
}

/** `faulty`: whether the cloud misbehaves on purpose at the moment; what passes then is not looked at. */
export async function checkTraffic(target: string, description: Description, faulty: () => boolean): Promise<CheckedTraffic> {
  let exchanges = 0;
  const found: string[] = [];
  const server = createServer((asked, answered) => {
    void pass(target, asked, answered).then((passed) => {
      if (!passed || faulty()) return;
      exchanges += 1;
      found.push(...description.mismatches(passed));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges: () => exchanges,
    mismatches: () => found,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

type Exchange = Parameters<Description['mismatches']>[0];

/** Undefined when there was no whole answer: the connection then breaks on this side too. */
async function pass(target: string, asked: IncomingMessage, answered: ServerResponse): Promise<Exchange | undefined> {
  try {
    const { method = 'GET', url: path = '/', headers } = asked;
    const body = await textOf(asked);
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = send(`${target}${path}`, { method, headers, agent: false }, resolve).once('error', reject);
      answered.once('close', () => outgoing.destroy());
      outgoing.end(body);
    });
    const text = await textOf(reply);
    answered.writeHead(reply.statusCode ?? 502, reply.headers).end(text);
    const told = Object.entries(reply.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const parsed = (one: string): unknown => (one === '' ? undefined : JSON.parse(one));
    const url = new URL(path, target);
    return { method, url, request: parsed(body), status: reply.statusCode ?? 0, headers: new Headers(told), answer: parsed(text) };
  } catch {
    answered.destroy();
    return undefined;
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
