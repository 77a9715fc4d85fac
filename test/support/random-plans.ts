import fc from 'fast-check';
import type { SagaClose } from '../../src/contracts/saga-close.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { ScriptedStep } from './scripted.ts';

/** A message sent to the run once `after` things have happened (turns in process, effects on the server). */
export interface Nudge {
  readonly what: 'cancel' | 'cancelAfterStep' | 'pause' | 'resume';
  readonly after: number;
}

export interface RandomCase {
  readonly steps: readonly ScriptedStep[];
  readonly nudges: readonly Nudge[];
  readonly seed: number;
}

/** What a step did and what was done about it, as the world outside saw it. `from` and `to` order starts and ends. */
export interface Seen {
  readonly step: string;
  readonly phase: 'do' | 'undo';
  readonly outcome?: string | undefined;
  readonly from: number;
  /** Absent where only starts are known. */
  readonly to?: number | undefined;
}

/** A run that is over. */
export interface Observed {
  readonly seen: readonly Seen[];
  readonly rows: SagaRun;
  readonly close: SagaClose | { readonly status: 'completed' } | { readonly status: 'canceled' };
  /** It was terminated and run again: what the first run's walk visited, and a step without undo that it left running, is not held against it. */
  readonly reentered?: boolean;
}

/** 1 to 12 steps with random needs among the earlier ones; most succeed. */
export function randomCase(afterMax: number): fc.Arbitrary<RandomCase> {
  const steps = fc.integer({ min: 1, max: 12 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, idx) => randomStep(idx))));
  const after = fc.nat({ max: afterMax });
  const cancel = fc
    .tuple(fc.constantFrom<Nudge['what']>('cancel', 'cancelAfterStep'), after)
    .map(([what, at]): Nudge[] => [{ what, after: at }]);
  const pause = fc.tuple(after, after).map(([a, b]): Nudge[] => [
    { what: 'pause', after: a },
    { what: 'resume', after: a + b + 1 },
  ]);
  const none = fc.constant<Nudge[]>([]);
  const nudges = fc
    .tuple(
      fc.oneof(
        none,
        cancel,
        cancel,
        fc.tuple(cancel, cancel).map((both) => both.flat()),
      ),
      fc.oneof(none, pause),
    )
    .map((all) => all.flat().toSorted((a, b) => a.after - b.after));
  return fc.record({ steps, nudges, seed: fc.integer() });
}

function randomStep(idx: number): fc.Arbitrary<ScriptedStep> {
  const how = fc.oneof(
    { weight: 14, arbitrary: fc.constant('ok' as const) },
    { weight: 1, arbitrary: fc.constant('fail' as const) },
    { weight: 1, arbitrary: fc.constant('no_effect' as const) },
  );
  const undo = fc.oneof({ weight: 5, arbitrary: fc.constant('ok' as const) }, { weight: 1, arbitrary: fc.constant('fail' as const) });
  const needs = idx === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat({ max: idx - 1 }), { maxLength: 3 });
  return fc
    .record({ needs, do: how, undo, no_undo: fc.nat({ max: 5 }).map((n) => n === 0) })
    .map(({ needs: of, ...script }) => ({ name: `s${idx}`, needs: of.map((need) => `s${need}`), script }));
}

/** Everything that is wrong with how a run ended, in words; empty when nothing is. */
export function violations({ steps }: RandomCase, observed: Observed): string[] {
  return [...wrongOfSteps(steps, observed), ...wrongOrder(steps, observed.seen), ...wrongEnd(steps, observed)];
}

function wrongOfSteps(steps: readonly ScriptedStep[], { seen, rows, close, reentered = false }: Observed): string[] {
  const stuck = stuckIn(close);
  return steps.flatMap(({ name, script }, idx) => {
    const row = rows.steps[idx];
    const undos = seen.filter((each) => each.step === name && each.phase === 'undo');
    const did = seen.some((each) => each.step === name && each.phase === 'do');
    const completed = row?.output === name;
    const wrong: string[] = [];
    const say = (fits: boolean, text: string): void => void (fits || wrong.push(`${name} (${row?.status}): ${text}`));
    say(seen.filter((each) => each.step === name && each.phase === 'do').length <= 1, 'acted twice');
    say(undos.length <= 1, 'undone twice');
    if (close.status === 'completed') {
      say(undos.length === 0, 'undone in a run that completed');
      say(row?.status === 'completed' && did, 'not completed in a run that completed');
      return wrong;
    }
    say((row?.status !== 'running' || reentered) && row?.status !== 'compensating' && row?.status !== 'completed', 'left so');
    if (row?.status === 'pending') say(!did && undos.length === 0, 'was touched although it is pending');
    if (completed || (did && script.do === 'fail')) say(undos.length === (script.no_undo ? 0 : 1), `undone ${undos.length} times`);
    if (completed && undos[0]) say(undos[0].outcome === 'done', 'undone without its output');
    if (did && !completed && undos[0]) say(undos[0].outcome === 'unknown', 'undone as done');
    if (row?.error?.code === 'NO_EFFECT') say(undos.length === 0, 'undone although it left nothing');
    const failedUndo = undos.length > 0 && script.undo === 'fail';
    say(stuck.includes(name) === failedUndo, failedUndo ? 'not named in stuck' : 'named in stuck');
    if (completed && !failedUndo) say(row?.status === 'compensated', 'completed, and not compensated at the end');
    if (failedUndo) say(row?.status === 'compensation_failed', 'its undo failed');
    return wrong;
  });
}

/** A step starts after what it needs, and is undone before it. */
function wrongOrder(steps: readonly ScriptedStep[], seen: readonly Seen[]): string[] {
  const find = (step: string, phase: Seen['phase']): Seen | undefined => seen.find((each) => each.step === step && each.phase === phase);
  return steps.flatMap(({ name, needs = [] }) =>
    needs.flatMap((need) => {
      const [doing, needed] = [find(name, 'do'), find(need, 'do')];
      const [undoing, undoingNeed] = [find(name, 'undo'), find(need, 'undo')];
      const early = doing && (!needed || (needed.to ?? needed.from) > doing.from);
      const late = undoing && undoingNeed && (undoing.to ?? undoing.from) > undoingNeed.from;
      return [...(early ? [`${name} acted before ${need}`] : []), ...(late ? [`${need} was undone before ${name}`] : [])];
    }),
  );
}

function wrongEnd(steps: readonly ScriptedStep[], { rows, close, reentered = false }: Observed): string[] {
  const wrong: string[] = [];
  const say = (fits: boolean, text: string): void => void (fits || wrong.push(`run (${rows.status}, closed ${close.status}): ${text}`));
  say(rows.completed_at !== null, 'no end in its row');
  if (close.status === 'completed')
    return [...wrong, ...(rows.status === 'completed' && rows.error === null ? [] : ['its row does not say completed'])];
  const stuck = stuckIn(close);
  const started = rows.steps.some((step) => step.status !== 'pending');
  const cancelled = rows.error?.reason === 'cancelled';
  const legal = stuck.length > 0 ? 'failed' : cancelled && !started ? 'cancelled' : 'rolled_back';
  say(rows.status === legal, `expected ${legal}`);
  say(close.status === 'canceled' ? cancelled : close.status === rows.status, 'the row and the close differ');
  const failed = /^step_failed:(.*)$/.exec(rows.error?.reason ?? '')?.[1];
  const how = steps.find((step) => step.name === failed)?.script.do;
  say(
    cancelled || (reentered && rows.error?.reason === 'terminated') || how === 'fail' || how === 'no_effect',
    `reason ${rows.error?.reason}`,
  );
  if (reentered) return wrong;
  const visited = rows.steps
    .filter((step) => step.status === 'compensated' || step.status === 'compensation_failed' || step.compensated_at !== null)
    .map((step) => step.step_idx);
  say(
    (rows.error?.compensate_from_idx ?? null) === (visited.length > 0 ? Math.max(...visited) : null),
    `compensate_from_idx ${rows.error?.compensate_from_idx}, visited ${visited.join()}`,
  );
  return wrong;
}

function stuckIn(close: Observed['close']): string[] {
  return 'error' in close ? (close.error.stuck ?? []).map((stuck) => stuck.step_name) : [];
}
