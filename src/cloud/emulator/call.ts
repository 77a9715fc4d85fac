import type { z } from 'zod';
import { Problem, unprocessable } from './problem.ts';
import type { Fate } from './state.ts';
import type { World } from './world.ts';

/** A request that is authenticated, within its limits, and belongs to a route. */
export interface Call {
  readonly world: World;
  /** Milliseconds since 1970; one request has one time. */
  readonly now: number;
  /** Where the emulator is reached; links begin with it. */
  readonly origin: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Text as it came. */
  readonly body: string;
  /** What becomes of an action that this request starts. */
  readonly fate: Fate;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; undefined sends nothing. */
  readonly body?: object;
}

/** The handler of a route. Throws {@link Problem}. */
export type Handler = (call: Call) => Answer;

export const NO_CONTENT: Answer = { status: 204 };

/** A part of the path that the route names. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`expected a route with :${name}, got ${call.path}`);
  return value;
}

/** The body of a request in its documented shape. Refuses text that is no JSON with 400, and another shape with 422. */
export function parseBody<T>(call: Call, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOf(call.body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw unprocessable(at === '' ? String(issue?.message) : `${at}: ${String(issue?.message)}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new Problem(400, 'error parsing request body');
  }
}
