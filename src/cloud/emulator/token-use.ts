import { createHash } from 'node:crypto';
import { Problem } from './problem.ts';
import type { Limits } from './options.ts';
import type { State } from './state.ts';

/** What one token has asked for. */
export interface TokenUse {
  /** Requests that came, with those that were refused for their number. */
  total: number;
  /** Of them, refused for their number. */
  limited: number;
  by_method: Record<string, number>;
  /** As `GET /v2/droplets/:id`. */
  by_route: Record<string, number>;
  /** Most that came within any 60 s, and any hour. */
  per_minute_max: number;
  per_hour_max: number;
  /** When the requests of the last hour came, oldest first. */
  arrivals: number[];
  /** Those of them that count against the limits. */
  accepted: number[];
}

/** How a token is named in the truth and in the state file: tokens themselves are kept nowhere. */
export function tokenLabel(token: string): string {
  return `token-${createHash('sha256').update(token).digest('hex').slice(0, 8)}`;
}

export interface Arrival {
  readonly token: string;
  readonly method: string;
  readonly route: string;
  readonly now: number;
}

/** Counts a request that came. */
export function noteArrival(state: State, { token, method, route, now }: Arrival): TokenUse {
  const use = (state.requests[tokenLabel(token)] ??= newUse());
  use.total += 1;
  use.by_method[method] = (use.by_method[method] ?? 0) + 1;
  const key = `${method} ${route}`;
  use.by_route[key] = (use.by_route[key] ?? 0) + 1;
  use.arrivals = [...within(use.arrivals, now, HOUR_MS), now];
  use.accepted = within(use.accepted, now, HOUR_MS);
  use.per_minute_max = Math.max(use.per_minute_max, within(use.arrivals, now, MINUTE_MS).length);
  use.per_hour_max = Math.max(use.per_hour_max, use.arrivals.length);
  return use;
}

/** The headers of every answer; with `retry-after` when a burst was refused. */
export type RateHeaders = Readonly<Record<string, string>>;

/**
 * Counts a request against the limits of its token: each expires by itself, one minute and one hour after it came. Gives the headers,
 * and the refusal if there is one: for a burst with `retry-after`, for the hour without.
 */
export function admit(use: TokenUse, limits: Limits, now: number): { readonly headers: RateHeaders; readonly refused: Problem | null } {
  const burst = within(use.accepted, now, MINUTE_MS);
  const [oldestOfMinute = now] = burst;
  const tooFast = burst.length >= limits.requests_per_minute;
  const tooMany = use.accepted.length >= limits.requests_per_hour;
  if (tooFast || tooMany) use.limited += 1;
  else use.accepted.push(now);
  const [oldest = now] = use.accepted;
  const headers: Record<string, string> = {
    'ratelimit-limit': String(limits.requests_per_hour),
    'ratelimit-remaining': String(Math.max(0, limits.requests_per_hour - use.accepted.length)),
    'ratelimit-reset': String(Math.ceil((oldest + HOUR_MS) / 1000)),
  };
  if (tooFast && !tooMany) headers['retry-after'] = String(Math.max(1, Math.ceil((oldestOfMinute + MINUTE_MS - now) / 1000)));
  return { headers, refused: tooFast || tooMany ? new Problem(429, 'API rate limit exceeded.') : null };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function newUse(): TokenUse {
  return { total: 0, limited: 0, by_method: {}, by_route: {}, per_minute_max: 0, per_hour_max: 0, arrivals: [], accepted: [] };
}

/** Times are in order, so that only the front is looked at. */
function within(times: readonly number[], now: number, windowMs: number): number[] {
  const first = times.findIndex((at) => at > now - windowMs);
  return first < 0 ? [] : times.slice(first);
}
