import { z } from 'zod';

/**
 * What can go wrong. Without an effect: the request is never looked at. With one: it is carried out, and only if it was accepted
 * does the fault happen, to its answer.
 */
export const FAULTS = {
  /** Refused as a burst, with `retry-after`. */
  '429': 'no effect',
  /** Refused for the hour, without `retry-after`. */
  '429_hourly': 'no effect',
  '500_before': 'no effect',
  timeout_before: 'no effect',
  reset_before: 'no effect',
  /** A page of HTML with status 200, as a proxy gives it. */
  html_200: 'no effect',
  '401': 'no effect',
  '403': 'no effect',
  '404': 'no effect',
  '409': 'no effect',
  '412': 'no effect',
  '422_region': 'no effect',
  '422_locked': 'no effect',
  '422_quota': 'no effect',
  '500_after': 'effect',
  /** No answer until the client gives up. */
  timeout_after: 'effect',
  reset_after: 'effect',
  /** JSON that stops in the middle. */
  malformed: 'effect',
  /** An empty object instead of the documented body. */
  missing_fields: 'effect',
  slow: 'effect',
  /** A body without end, up to `bytes`. */
  huge: 'effect',
  /** Accepted, but the action that was started ends as errored; a droplet whose creation fails so vanishes, and was never seen. */
  action_errored: 'effect',
  /** Accepted, but the action that was started never ends; a droplet never appears. */
  never_active: 'effect',
} as const;

export type Fault = keyof typeof FAULTS;

const faultNames = Object.keys(FAULTS) as [Fault, ...Fault[]];

/** When which fault happens. */
export const faultScript = z.strictObject({
  match: z.strictObject({
    /** Any by default. */
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
    /** A regular expression that finds something in the path without its query; `^/v2/droplets$` for the collection only. */
    path: z.string().refine(isExpression, 'expected a regular expression'),
  }),
  /** From which matching request on, counted from 1. */
  nth: z.int().min(1).default(1),
  /** How many times. */
  times: z.int().min(1).default(1),
  fault: z.enum(faultNames, `expected one of ${faultNames.join(', ')}`),
  /** Of `500_before` and `500_after`. */
  status: z.union([z.literal(500), z.literal(502), z.literal(503), z.literal(504)]).default(500),
  /** Of `429`, in seconds. */
  retry_after: z.int().min(0).default(1),
  /** Of `slow`; the emulator's `slow_ms` by default. */
  delay_ms: z.int().min(0).optional(),
  /** Of `huge`. */
  bytes: z.int().min(1).max(2_147_483_648).default(67_108_864),
});

/** What is sent to `/__faults`: a list is added to the scripts that are there. */
export const faultScripts = z.array(faultScript).min(1).max(1000);

export type FaultScript = z.input<typeof faultScript>;

/** A script with what came of it. */
export interface ScriptState extends z.output<typeof faultScript> {
  /** Matching requests so far. */
  seen: number;
  /** Times the fault really happened. */
  fired: number;
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
