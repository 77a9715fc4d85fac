import type { SagaStepRow } from './ledger.ts';

/** With less than this share of the estimate behind it, a run says nothing of its pace yet. */
const PACE_FROM = 0.05;

/**
 * Seconds left: what is estimated of the rest, at the pace of what is done. `fractions` are the shares done of the steps, `now` is in ms.
 * Null unless every step has an estimate. Only time in which a step was running counts, so neither pauses nor the time until a recovery do.
 */
export function secondsLeft(steps: readonly SagaStepRow[], fractions: readonly number[], now: number): number | null {
  if (steps.some((step) => step.estimated_duration_s === null)) return null;
  const estimate = (of: (step: SagaStepRow, idx: number) => number): number =>
    steps.reduce((sum, step, idx) => sum + (step.estimated_duration_s ?? 0) * of(step, idx), 0);
  const left = estimate((_, idx) => 1 - (fractions[idx] ?? 0));
  // What was skipped or undone took no time that says anything.
  const done = estimate((step, idx) => (tookTime(step) ? (fractions[idx] ?? 0) : 0));
  const pace = done > 0 && done >= PACE_FROM * estimate(() => 1) ? spentMs(steps, now) / 1000 / done : 1;
  return Math.round(left * pace);
}

function tookTime({ status }: SagaStepRow): boolean {
  return status === 'completed' || status === 'running';
}

/** How long at least one step was running, in ms. */
function spentMs(steps: readonly SagaStepRow[], now: number): number {
  const spans = steps.filter(tookTime).flatMap(({ queued_at, completed_at }) => {
    if (queued_at === null) return [];
    return [{ from: Date.parse(queued_at), to: completed_at === null ? now : Date.parse(completed_at) }];
  });
  let [spent, until] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    spent += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return spent;
}
