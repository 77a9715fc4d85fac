import type { NasSearchInput } from '../../src/contracts/nas-search.ts';
import type { RungJob, StudyInput } from '../../src/contracts/nas-study.ts';
import { finished, plannerOf, sizeOf } from './nas-planner.ts';

/** Machines that train what a study decides on. */
export interface Machines {
  /** How long a rung takes of its virtual duration: 1 is just as long. */
  readonly deviation: () => number;
}

/** Share of the time from a study's start to its end in which its slots were busy, 0 to 1. */
export function utilisation(search: NasSearchInput, { deviation }: Machines): number {
  const planner = plannerOf(search);
  const queue: RungJob[] = [];
  const running: { readonly job: RungJob; readonly ends: number }[] = [];
  let [now, busy] = [0, 0];
  let inputs: readonly StudyInput[] = [{ type: 'open' }];
  for (;;) {
    queue.push(...planner.advance(inputs, { now: new Date(now).toISOString() }).launch);
    if (planner.end) return busy / (search.parallel * now);
    while (running.length < search.parallel) {
      const job = queue.shift();
      if (!job) break;
      running.push({ job, ends: now + durationOf(job) * deviation() });
    }
    const next = running.toSorted((a, b) => a.ends - b.ends)[0];
    if (!next) throw new Error(`the study has stopped: ${JSON.stringify(planner.view)}`);
    busy += running.length * (next.ends - now);
    now = next.ends;
    running.splice(running.indexOf(next), 1);
    inputs = [finished(next.job)];
  }
}

function durationOf({ params, to_epoch, checkpoint }: RungJob): number {
  return sizeOf(params).cost * (to_epoch - (checkpoint?.epoch ?? 0));
}
