import { ApplicationFailure } from '@temporalio/activity';
import type { NasRunInput, TrialBatch, TrialRow } from '../contracts/nas-search.ts';
import type { Advance, AdvanceInput } from '../contracts/nas-study.ts';
import { StudyPlanner, type Advanced } from '../search/study-planner.ts';
import type { StudyTrial } from '../search/study-trial.ts';
import { modelSizes } from './model-sizes.ts';
import type { StudyEntry, StudyFile } from './study-file.ts';

/** What a study is made from. */
export interface StudyState {
  readonly entries: readonly StudyEntry[];
  /** After this many calls; null for all there are. */
  readonly seq: number | null;
  /** Of published datasets. */
  readonly datasetsFolder: string;
}

/** A study in memory, made from its file, with what its file holds counted along. */
export class OpenedStudy {
  readonly #run: NasRunInput;
  readonly #study: StudyPlanner;
  #seq = 0;
  #fileSize: number | null = null;

  /** `datasetsFolder` is that of published datasets. */
  constructor(run: NasRunInput, datasetsFolder: string) {
    const { search_id, search } = run;
    this.#run = run;
    this.#study = new StudyPlanner({ search_id, search, sizeOf: modelSizes(search, datasetsFolder) });
  }

  /** Makes the state after the first `seq` calls, or after all there are. Fails with `STUDY_FILE_MISSING` when there are fewer. */
  static restore(run: NasRunInput, { entries, seq, datasetsFolder }: StudyState): OpenedStudy {
    if (seq !== null && entries.length < seq) {
      const message = `expected ${seq} calls in the file of study ${run.search_id}, found ${entries.length}: all workers need the same artifact folder`;
      throw ApplicationFailure.nonRetryable(message, 'STUDY_FILE_MISSING');
    }
    const opened = new OpenedStudy(run, datasetsFolder);
    for (const entry of entries.slice(0, seq ?? entries.length)) opened.repeat(entry);
    return opened;
  }

  /** Calls so far. */
  get seq(): number {
    return this.#seq;
  }

  /** Of the file as this study left it; null before it has written to it. */
  get fileSize(): number | null {
    return this.#fileSize;
  }

  /** Makes an earlier call again, from what was decided then. Answers what it wrote to the table `trials`. */
  repeat(entry: StudyEntry): TrialBatch {
    return this.#batch(this.#study.advance(entry.inputs, entry), entry);
  }

  /** Takes a call, keeps it in the file, and answers what is next. */
  async advance(
    { seq, inputs, now }: AdvanceInput,
    file: StudyFile,
  ): Promise<{ readonly answer: Omit<Advance, 'recorded'>; readonly batch: TrialBatch }> {
    const goesOn = seq === null ? this.#study.outstanding : [];
    const advanced = this.#study.advance(inputs, { now });
    const entry = { seq: this.#seq, recoveries: this.#run.recoveries, now, inputs, proposals: advanced.proposals };
    this.#fileSize = await file.append(entry);
    const batch = this.#batch(advanced, entry);
    const { view, end } = this.#study;
    return { answer: { seq: this.#seq, launch: [...goesOn, ...advanced.launch], view, end }, batch };
  }

  #batch({ changed, news }: Advanced, { recoveries, inputs, now }: StudyEntry): TrialBatch {
    const { search_id: run } = this.#run;
    this.#seq += 1;
    return {
      trials: changed.map((trial) => rowOf(trial, run, recoveries * 1e9 + this.#seq)),
      epochs: inputs.flatMap((input) =>
        input.type === 'finished' && input.outcome.status === 'done'
          ? input.outcome.rung.epochs.map((record) => ({ run, trial: input.number, record }))
          : [],
      ),
      events: news.map(({ what, data }) => ({
        id: `${run}/${recoveries}/trial/${data.trial}/${what}/${data.epochs}`,
        what,
        search_id: run,
        time: now,
        data,
      })),
    };
  }
}

function rowOf(trial: StudyTrial, run: string, version: number): TrialRow {
  const { number, params, status, param_count, weights_sha256, engine, error, started_at, completed_at } = trial;
  const { value, epochs } = trial.rungs.at(-1) ?? { value: null, epochs: 0 };
  return { run, number, params, status, value, epochs, param_count, weights_sha256, engine, error, started_at, completed_at, version };
}
