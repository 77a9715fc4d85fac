import type { Cerebros } from '../../client/connect.ts';
import { enqueueTrial, extendStudy, setParallel, stopStudy } from '../../client/study.ts';
import type { StudyView } from '../../contracts/nas-search.ts';
import type { Params } from '../../contracts/search-space.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { outputOf, type Output } from '../output.ts';
import { readInput } from '../read-input.ts';
import { statusPaint } from '../text/colors.ts';
import { table } from '../text/table.ts';
import { trialsLine } from '../text/trials-line.ts';
import { useCerebros } from '../use-cerebros.ts';

export interface ExtendFlags extends GlobalFlags {
  readonly maxTrials: number;
}

export interface EnqueueFlags extends GlobalFlags {
  readonly params: string;
}

/** `study extend ID` */
export function extend(this: CliContext, flags: ExtendFlags, id: string): Promise<void> {
  return edit(this, flags, (cerebros) => extendStudy(cerebros, id, flags.maxTrials));
}

/** `study parallel ID N` */
export function parallel(this: CliContext, flags: GlobalFlags, id: string, trials: number): Promise<void> {
  return edit(this, flags, (cerebros) => setParallel(cerebros, id, trials));
}

/** `study enqueue ID` */
export async function enqueue(this: CliContext, flags: EnqueueFlags, id: string): Promise<void> {
  const { value } = await readInput(this, flags.params);
  await edit(this, flags, (cerebros) => enqueueTrial(cerebros, id, value as Params));
}

/** `study stop ID` */
export function stop(this: CliContext, flags: GlobalFlags, id: string): Promise<void> {
  return edit(this, flags, (cerebros) => stopStudy(cerebros, id));
}

async function edit(context: CliContext, flags: GlobalFlags, act: (cerebros: Cerebros) => Promise<StudyView>): Promise<void> {
  const output = outputOf(context, flags);
  const view = await useCerebros(context, flags, act);
  output.data(view, () => viewText(view, output));
  output.note(`next: cerebros leaderboard ${view.search_id}`);
}

function viewText(
  { search_id, status, trials, best, max_trials, parallel: inFlight, epochs_trained }: StudyView,
  { colors }: Output,
): string {
  return table([
    ['search', search_id],
    ['status', { text: status, paint: statusPaint(colors, status) }],
    ['trials', trialsLine({ counts: trials })],
    ['best', best ? `${best.value.toFixed(4)} (trial ${best.number}, ${best.epochs} epochs)` : '-'],
    ['at most', `${max_trials} trials, ${inFlight} in flight`],
    ['trained', `${epochs_trained} epochs`],
  ]);
}
