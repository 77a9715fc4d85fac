import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a path answers, once. */
export interface FaultyReply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Makes it resumable: `Accept-Ranges`, and `Range` with a matching `If-Range` is honoured. */
  readonly etag?: string;
  readonly fault?: Fault;
}

type Fault =
  /** Never answers. */
  | 'hang'
  /** Resets the connection before the headers. */
  | 'reset'
  /** Declares more bytes than it sends. */
  | 'short'
  /** Declares fewer bytes than it sends. */
  | 'long'
  /** A byte every 20 ms. */
  | 'slow'
  /** Zeros for ever. */
  | 'endless'
  /** Ends the connection after so many bytes of the body. */
  | { readonly cutAfter: number }
  /** Sends the body in so many pieces, with a pause before each. */
  | { readonly pieces: number; readonly everyMs: number };

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body that were written so far. */
  bytes: number;
}

/** An HTTP server on 127.0.0.1 that does what it is told, also wrong things. */
export interface FaultyServer {
  /** `127.0.0.1:<port>`, as allow lists name it. */
  readonly host: string;
  readonly port: number;
  url(path: string): string;
  /** The path answers with `replies` in order, then with the last of them for ever. Other paths are 404. */
  on(path: string, ...replies: readonly FaultyReply[]): void;
  /** Requests in the order they came, of `path` or of all. */
  seen(path?: string): readonly SeenRequest[];
  /** Connections that were ever made. */
  connections(): number;
  /** The most requests that were open at a time. */
  busiest(): number;
  close(): Promise<void>;
}

export async function startFaultyServer(): Promise<FaultyServer> {
  const routes = new Map<string, FaultyReply[]>();
  const requests: SeenRequest[] = [];
  const counts = { connections: 0, open: 0, busiest: 0 };
  const server = createServer((request, response) => {
    const seen: SeenRequest = { path: request.url ?? '', headers: request.headers, bytes: 0 };
    requests.push(seen);
    counts.busiest = Math.max(counts.busiest, ++counts.open);
    response.on('close', () => counts.open--);
    const replies = routes.get(seen.path) ?? [{ status: 404 }];
    answer({ request, response, seen }, (replies.length > 1 ? replies.shift() : replies[0]) ?? {});
  });
  server.on('connection', () => counts.connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    port,
    url: (path) => `http://127.0.0.1:${port}${path}`,
    on: (path, ...replies) => void routes.set(path, [...replies]),
    seen: (path) => requests.filter((request) => path === undefined || request.path === path),
    connections: () => counts.connections,
    busiest: () => counts.busiest,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: SeenRequest;
}

function answer(exchange: Exchange, { status = 200, headers = {}, body = '', etag, fault }: FaultyReply): void {
  const { request, response, seen } = exchange;
  if (fault === 'hang') return;
  if (fault === 'reset') return void request.socket.resetAndDestroy();
  const all = Buffer.from(body);
  const start = etag === undefined ? null : startOf(request, etag);
  const content = all.subarray(start ?? 0);
  const ranges = etag === undefined ? {} : { etag, 'accept-ranges': 'bytes' };
  const part = start === null ? {} : { 'content-range': `bytes ${start}-${all.length - 1}/${all.length}` };
  const length =
    fault === 'endless' || headers['transfer-encoding'] !== undefined ? {} : { 'content-length': String(content.length + lie(fault)) };
  response.writeHead(start === null ? status : 206, { ...length, ...ranges, ...part, ...headers });
  response.flushHeaders();
  if (fault === 'slow') return drip(exchange, content, { bytes: 1, everyMs: 20 });
  if (fault === 'endless') return flood(exchange);
  if (typeof fault === 'object' && 'pieces' in fault)
    return drip(exchange, content, { bytes: Math.ceil(content.length / fault.pieces), everyMs: fault.everyMs });
  const sent = typeof fault === 'object' ? content.subarray(0, fault.cutAfter) : content;
  seen.bytes = sent.length;
  if (fault === undefined || fault === 'long') return void response.end(sent);
  // What a client has not read when the connection breaks is lost to it: it gets time to.
  response.write(sent, () => setTimeout(() => request.socket.destroy(), 50));
}

function lie(fault: Fault | undefined): number {
  if (fault === 'short') return 10;
  return fault === 'long' ? -3 : 0;
}

/** Where a range begins that the client may have; null: all is sent. */
function startOf({ headers }: IncomingMessage, etag: string): number | null {
  const start = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
  return start === undefined || headers['if-range'] !== etag ? null : Number(start);
}

function drip({ response, seen }: Exchange, content: Buffer, pace: { readonly bytes: number; readonly everyMs: number }): void {
  const timer = setInterval(() => {
    const piece = content.subarray(seen.bytes, seen.bytes + pace.bytes);
    response.write(piece);
    seen.bytes += piece.length;
    if (seen.bytes === content.length) response.end();
  }, pace.everyMs);
  response.on('close', () => clearInterval(timer));
}

function flood({ response, seen }: Exchange): void {
  const zeros = Buffer.alloc(16 * 1024);
  const more = (): void => {
    while (!response.destroyed && response.write(zeros)) seen.bytes += zeros.length;
    seen.bytes += zeros.length;
  };
  response.on('drain', more);
  more();
}
