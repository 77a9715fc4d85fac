import type { z } from 'zod';
import type { Answer } from './call.ts';
import { applyChange, changeSchema } from './change.ts';
import { faultScripts } from './fault-script.ts';
import { settle } from './settle.ts';
import { emptyState } from './state.ts';
import { readFaults, readTruth } from './truth.ts';
import type { World } from './world.ts';

/** What tests do to the emulator. The same over HTTP, without a token, under `/__…`, and as functions. */
export const CONTROLS: Readonly<Record<string, (world: World, body: unknown) => object>> = {
  'GET /__truth': (world) => readTruth(world),
  'GET /__faults': (world) => readFaults(world),
  'POST /__faults': (world, body) => {
    const scripts = accepted(faultScripts, body);
    world.state.faults.push(...scripts.map((script) => ({ ...script, seen: 0, fired: 0 })));
    return readFaults(world);
  },
  'DELETE /__faults': (world) => {
    world.state.faults = [];
    return readFaults(world);
  },
  'POST /__reset': (world) => {
    world.state = emptyState(world.state.last_id);
    return {};
  },
  'POST /__change': (world, body) => {
    settle(world, world.clock.now());
    applyChange(world, accepted(changeSchema, body));
    return {};
  },
};

/** Answers a request to a path that begins with `/__`; what is wrong with it is said in `message`, with status 400 or 404. */
export function control(world: World, { method, path, body }: { method: string; path: string; body: string }): Answer {
  const run = CONTROLS[`${method} ${path}`];
  if (run === undefined)
    return { status: 404, body: { message: `expected one of ${Object.keys(CONTROLS).join(', ')}, got ${method} ${path}` } };
  try {
    return { status: 200, body: run(world, body === '' ? undefined : JSON.parse(body)) };
  } catch (error) {
    return { status: 400, body: { message: error instanceof Error ? error.message : String(error) } };
  }
}

function accepted<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}
