import type { Answer, Call } from './call.ts';
import { dueFault, fateUnder, underFault, type Outcome } from './faults.ts';
import { Problem } from './problem.ts';
import { findRoute, type Match } from './routes.ts';
import { settle } from './settle.ts';
import type { Fate } from './state.ts';
import { admit, noteArrival, type RateHeaders } from './token-use.ts';
import type { World } from './world.ts';

/** A request as it came over the wire. */
export interface RawRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Answers a request to the API: authentication first, then the limits of the token, then the faults, then the operation. */
export function respond(world: World, request: RawRequest): Outcome & { readonly headers: RateHeaders } {
  const now = world.clock.now();
  settle(world, now);
  const token = /^Bearer (\S+)$/.exec(request.authorization ?? '')?.[1];
  const { method, url } = request;
  const match = findRoute(method, url.pathname);
  const use = noteArrival(world.state, { token: token ?? '', method, route: match?.route ?? 'not emulated', now });
  if (token === undefined) return { ...refused(new Problem(401, 'Unable to authenticate you')), headers: {} };
  const { headers, refused: overLimit } = admit(use, world.limits, now);
  if (overLimit !== null) return { ...refused(overLimit), headers };
  const script = dueFault(world.state, method, url.pathname);
  const fate = fateUnder(script);
  const outcome = underFault(world, script, () => carryOut(match, { world, now, fate, request }));
  return { ...outcome, headers };
}

function refused({ status, body }: Problem): Outcome {
  return { answer: { status, body }, delivery: { how: 'send' } };
}

interface Context {
  readonly world: World;
  readonly now: number;
  readonly fate: Fate;
  readonly request: RawRequest;
}

/** What is not emulated is refused loudly: a 404 could be taken for the answer. */
function carryOut(match: Match | null, context: Context): Answer {
  try {
    if (match === null) throw new Problem(501, `${context.request.method} ${context.request.url.pathname} is not emulated`);
    return match.handle(callOf(match, context));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { status: error.status, body: error.body };
  }
}

function callOf({ params }: Match, { world, now, fate, request: { url, body } }: Context): Call {
  return { world, now, origin: url.origin, path: url.pathname, params, query: url.searchParams, body, fate };
}
