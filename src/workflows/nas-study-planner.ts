import { proxyLocalActivities } from '@temporalio/workflow';
import type { NasRunInput } from '../contracts/nas-search.ts';
import type { Advance, StudyActivities, StudyInput } from '../contracts/nas-study.ts';

const { advanceStudy } = proxyLocalActivities<StudyActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 20 },
  summary: 'planner',
});

/** The planner of one study: its answers are recorded, one call at a time. */
export class Planner {
  /** Calls made; null before the first, which takes up what the study's file holds. */
  #seq: number | null;
  busy = false;
  readonly #run: NasRunInput;

  constructor(run: NasRunInput, seq: number | null) {
    this.#run = run;
    this.#seq = seq;
  }

  get seq(): number {
    return this.#seq ?? 0;
  }

  async advance(inputs: readonly StudyInput[]): Promise<Advance> {
    this.busy = true;
    const advance = await advanceStudy({ run: this.#run, seq: this.#seq, inputs, now: new Date().toISOString() });
    this.busy = false;
    this.#seq = advance.seq;
    return advance;
  }
}
