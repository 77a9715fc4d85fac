import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { respond } from './api.ts';
import type { Change } from './change.ts';
import { systemClock } from '../clock.ts';
import { control, CONTROLS } from './controls.ts';
import { deliver, type Shipment } from './delivery.ts';
import type { FaultScript } from './fault-script.ts';
import { DEFAULT_DELAYS, DEFAULT_LIMITS, type EmulatorOptions } from './options.ts';
import { Problem } from './problem.ts';
import { ROUTES } from './routes.ts';
import { readState, writeState } from './state-file.ts';
import { emptyState } from './state.ts';
import { type FaultReport, readFaults, readTruth, type Truth } from './truth.ts';
import type { World } from './world.ts';

/** A server that behaves like version 2 of DigitalOcean's API. Its functions are also there over HTTP: see {@link CONTROLS}. */
export interface Emulator {
  /** `http://127.0.0.1:<port>`; the API begins with `/v2`. */
  readonly url: string;
  /** The operations that are emulated, as `GET /v2/droplets/:id`; any other is answered by 501. */
  readonly routes: readonly string[];
  truth(): Truth;
  /** Adds scripts to those that are there. Throws when one is malformed. */
  addFaults(scripts: readonly FaultScript[]): void;
  faults(): FaultReport;
  /** Forgets all scripts and what they did. */
  clearFaults(): void;
  /** Changes a resource behind the back of those who use the API. Throws when there is no such resource. */
  change(change: Change): void;
  /** An empty account, no faults, no requests; ids go on where they were. */
  reset(): void;
  /** Ends all connections, also those that wait for an answer that never comes. */
  close(): Promise<void>;
}

/** Starts an emulator. Throws when the port is taken or the state file is of something else. */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const world = createWorld(options);
  const save = (): void => {
    if (options.state_file !== undefined) writeState(options.state_file, world.state);
  };
  const server = await listen(world, save, options);
  const run = (name: string, body?: unknown): void => {
    CONTROLS[name]?.(world, body);
    save();
  };
  return {
    url: originOf(server),
    routes: ROUTES,
    truth: () => readTruth(world),
    addFaults: (scripts) => run('POST /__faults', scripts),
    faults: () => readFaults(world),
    clearFaults: () => run('DELETE /__faults'),
    change: (change) => run('POST /__change', change),
    reset: () => run('POST /__reset'),
    close: () => close(server),
  };
}

function createWorld({ clock = systemClock, delays, limits, state_file }: EmulatorOptions): World {
  const saved = state_file === undefined ? null : readState(state_file);
  return {
    state: saved ?? emptyState(firstId(clock.now())),
    clock,
    delays: { ...DEFAULT_DELAYS, ...delays },
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
}

/** A hundred ids a second, more than are used, so that a ledger which outlives an emulator does not mix its ids up with the next one's. */
function firstId(now: number): number {
  return 100_000_000 + (Math.floor(now / 10) % 800_000_000);
}

function listen(world: World, save: () => void, { port = 0, before }: EmulatorOptions): Promise<Server> {
  const server = createServer((request, response) => {
    void read(request, world.limits.body_bytes)
      .then(async (body) => {
        await before?.({ method: request.method ?? 'GET', path: request.url ?? '/', body: body ?? '' });
        return answer(world, request, body);
      })
      .then((shipment) => {
        save();
        return deliver(response, world.clock, shipment);
      })
      .catch((error: unknown) => fail(response, error));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** A mistake of the emulator's own, in words that no real answer has. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const message = error instanceof Error ? error.stack : String(error);
  response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'emulator_failed', message }));
}

/** The text of a request; null when it is too long. */
async function read(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes > maxBytes ? null : Buffer.concat(chunks).toString('utf8');
}

function answer(world: World, request: IncomingMessage, body: string | null): Shipment {
  const { method = 'GET', url: path = '/', headers } = request;
  const plain = { delivery: { how: 'send' }, headers: {} } as const;
  if (body === null) return { ...plain, answer: new Problem(413, `a request has at most ${world.limits.body_bytes} bytes`) };
  const url = new URL(path, `http://${headers.host ?? '127.0.0.1'}`);
  if (url.pathname.startsWith('/__')) return { ...plain, answer: control(world, { method, path: url.pathname, body }) };
  return respond(world, { method, url, authorization: headers.authorization, body });
}

function originOf(server: Server): string {
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
