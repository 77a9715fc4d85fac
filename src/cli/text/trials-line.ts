import type { TrialStatus } from '../../contracts/nas-search.ts';

/** Trials by state, and the best of them when it is not shown elsewhere. */
export interface ShownTrials {
  readonly counts: Readonly<Partial<Record<TrialStatus, number>>>;
  readonly best?: { readonly number: number; readonly value: number } | null | undefined;
}

const DONE = ['completed', 'pruned', 'failed', 'cancelled'] as const;
const OPEN = ['running', 'waiting'] as const;

/** Where the trials of a search stand, on one line: `12 trials, 8 done, best 0.9712 (trial 7): 7 completed, 1 failed, 4 running`. */
export function trialsLine({ counts, best }: ShownTrials): string {
  const sum = (statuses: readonly TrialStatus[]): number => statuses.reduce((total, status) => total + (counts[status] ?? 0), 0);
  const total = sum([...DONE, ...OPEN]);
  if (total === 0) return 'no trials';
  const leader = best ? `, best ${best.value.toFixed(4)} (trial ${best.number})` : '';
  const parts = [...DONE, ...OPEN].flatMap((status) => (counts[status] ? `${counts[status]} ${status}` : []));
  return `${total} ${total === 1 ? 'trial' : 'trials'}, ${sum(DONE)} done${leader}: ${parts.join(', ')}`;
}
