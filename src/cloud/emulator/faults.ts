import type { Answer } from './call.ts';
import { FAULTS, type Fault, type ScriptState } from './fault-script.ts';
import { Problem } from './problem.ts';
import type { Fate, State } from './state.ts';
import type { World } from './world.ts';

/** What is done with an answer instead of sending it. */
export type Delivery =
  | { readonly how: 'send'; readonly headers?: Readonly<Record<string, string>> }
  | { readonly how: 'text'; readonly type: string; readonly text: string }
  | { readonly how: 'hang' }
  | { readonly how: 'reset' }
  | { readonly how: 'cut' }
  | { readonly how: 'late'; readonly delayMs: number }
  | { readonly how: 'huge'; readonly bytes: number };

export interface Outcome {
  readonly answer: Answer;
  readonly delivery: Delivery;
}

/** Counts a request for every script that it matches, and gives the first that is due. */
export function dueFault(state: State, method: string, path: string): ScriptState | null {
  const matching = state.faults.filter(({ match }) => (match.method ?? method) === method && new RegExp(match.path).test(path));
  for (const script of matching) script.seen += 1;
  return matching.find(({ seen, nth, fired, times }) => seen >= nth && fired < times) ?? null;
}

/** What becomes of actions that are started under a fault. */
export function fateUnder(script: ScriptState | null): Fate {
  if (script?.fault === 'action_errored') return 'errors';
  return script?.fault === 'never_active' ? 'never' : 'completes';
}

/**
 * Carries a request out under the fault that is due, if any. A refusal stays what it is, a fault of actions leaves alone what
 * starts none, and one of bodies what has none: the fault waits for the next request.
 */
export function underFault({ state, delays }: World, script: ScriptState | null, carryOut: () => Answer): Outcome {
  if (script === null) return { answer: carryOut(), delivery: { how: 'send' } };
  if (FAULTS[script.fault] === 'no effect') {
    script.fired += 1;
    return instead(script);
  }
  const started = state.actions.length;
  const answer = carryOut();
  const needsAction = fateUnder(script) !== 'completes' && state.actions.length === started;
  const needsBody = NEED_BODY.has(script.fault) && answer.body === undefined;
  if (answer.status >= 400 || needsAction || needsBody) return { answer, delivery: { how: 'send' } };
  script.fired += 1;
  return spoiled(script, answer, delays.slow_ms);
}

const NEED_BODY: ReadonlySet<Fault> = new Set(['malformed', 'missing_fields', 'huge']);

/** How often each fault really happened. */
export function firedFaults(state: State): Partial<Record<Fault, number>> {
  const fired: Partial<Record<Fault, number>> = {};
  for (const script of state.faults) if (script.fired > 0) fired[script.fault] = (fired[script.fault] ?? 0) + script.fired;
  return fired;
}

function instead(script: ScriptState): Outcome {
  const { fault } = script;
  if (fault === 'timeout_before') return { answer: { status: 504 }, delivery: { how: 'hang' } };
  if (fault === 'reset_before') return { answer: { status: 502 }, delivery: { how: 'reset' } };
  if (fault === 'html_200') return { answer: { status: 200 }, delivery: { how: 'text', type: 'text/html', text: HTML } };
  const headers = fault === '429' ? { 'retry-after': String(script.retry_after) } : {};
  const { status, body } = refusal(script);
  return { answer: { status, body }, delivery: { how: 'send', headers } };
}

function refusal({ fault, status }: ScriptState): Problem {
  if (fault === '500_before') return new Problem(status, 'Unexpected server-side error');
  return new Problem(Number(fault.slice(0, 3)), MESSAGES[fault] ?? 'some error message');
}

const MESSAGES: Partial<Record<Fault, string>> = {
  '429': 'API rate limit exceeded.',
  '429_hourly': 'API rate limit exceeded.',
  '401': 'Unable to authenticate you',
  '403': 'You are not authorized to perform this operation',
  '404': 'The resource you requested could not be found.',
  '409': 'The request could not be completed due to a conflict.',
  '412': 'The request could not be completed because a precondition failed.',
  '422_region': 'Region is not available.',
  '422_locked': 'Droplet already has a pending event.',
  '422_quota': 'creating this/these droplet(s) will exceed your droplet limit',
};

const HTML = '<!doctype html><html><body><h1>We will be back soon</h1></body></html>';

function spoiled(script: ScriptState, answer: Answer, slowMs: number): Outcome {
  switch (script.fault) {
    case '500_after': {
      const { status, body } = new Problem(script.status, 'Unexpected server-side error');
      return { answer: { status, body }, delivery: { how: 'send' } };
    }
    case 'timeout_after':
      return { answer, delivery: { how: 'hang' } };
    case 'reset_after':
      return { answer, delivery: { how: 'reset' } };
    case 'malformed':
      return { answer, delivery: { how: 'cut' } };
    case 'missing_fields':
      return { answer: { status: answer.status, body: {} }, delivery: { how: 'send' } };
    case 'slow':
      return { answer, delivery: { how: 'late', delayMs: script.delay_ms ?? slowMs } };
    case 'huge':
      return { answer, delivery: { how: 'huge', bytes: script.bytes } };
    default:
      return { answer, delivery: { how: 'send' } };
  }
}
