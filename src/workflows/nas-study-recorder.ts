import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type { NasRunInput } from '../contracts/nas-search.ts';
import type { StudyActivities } from '../contracts/nas-study.ts';

const { recordStudy } = proxyActivities<StudyActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '5 seconds' },
  summary: 'trials (retried until the database is back)',
});

/** Brings the table `trials` up to date when the planner could not, one try at a time, shielded from the study's cancellation. */
export class StudyRecorder {
  readonly #run: NasRunInput;
  #behind = false;
  /** Is there something that the table does not have? */
  busy = false;

  constructor(run: NasRunInput) {
    this.#run = run;
  }

  catchUp(): void {
    this.#behind = true;
    if (!this.busy) void CancellationScope.nonCancellable(() => this.#work());
  }

  /** Resolves when the table has everything. */
  async settled(): Promise<void> {
    await CancellationScope.nonCancellable(() => condition(() => !this.busy));
  }

  async #work(): Promise<void> {
    this.busy = true;
    while (this.#behind) {
      this.#behind = false;
      await recordStudy({ run: this.#run });
    }
    this.busy = false;
  }
}
