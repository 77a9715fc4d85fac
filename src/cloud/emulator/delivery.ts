import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Answer } from './call.ts';
import type { Clock } from '../clock.ts';
import type { Outcome } from './faults.ts';

export interface Shipment extends Outcome {
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends an answer, or does to the connection what a fault wants. */
export async function deliver(response: ServerResponse, clock: Clock, { answer, delivery, headers }: Shipment): Promise<void> {
  switch (delivery.how) {
    case 'send':
      return send(response, answer, { ...headers, ...delivery.headers });
    case 'late':
      await clock.sleep(delivery.delayMs);
      return send(response, answer, headers);
    case 'hang':
      return;
    case 'reset':
      return void response.socket?.resetAndDestroy();
    case 'cut':
      return send(response, answer, headers, (json) => json.slice(0, Math.ceil(json.length / 2)));
    case 'text':
      return void response.writeHead(answer.status, { ...headers, 'content-type': delivery.type }).end(delivery.text);
    case 'huge':
      return flood(response.writeHead(answer.status, { ...headers, 'content-type': JSON_TYPE }), delivery.bytes);
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** A body without JSON has its content type too, as the API has it. */
function send(
  response: ServerResponse,
  { status, body }: Answer,
  headers: Shipment['headers'],
  edit = (json: string): string => json,
): void {
  const request_id = body !== undefined && 'request_id' in body ? String(body.request_id) : randomUUID();
  response.writeHead(status, { ...headers, 'content-type': JSON_TYPE, 'x-request-id': request_id });
  response.end(body === undefined ? undefined : edit(JSON.stringify(body)));
}

const CHUNK = Buffer.alloc(65_536, ' ');

/** Writes no faster than it is read, until the client has had enough. */
async function flood(response: ServerResponse, bytes: number): Promise<void> {
  response.write('{"padding":"');
  for (let sent = 0; sent < bytes && !response.destroyed; sent += CHUNK.length) {
    if (!response.write(CHUNK)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}
