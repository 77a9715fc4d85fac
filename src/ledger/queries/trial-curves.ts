import type { Sql } from '../connection.ts';

/** The learning curve of a trial. */
export interface TrialCurve {
  readonly trial: number;
  /** By epoch, from 1; a value that was not noted is null. */
  readonly epochs: readonly CurvePoint[];
}

export interface CurvePoint {
  readonly epoch: number;
  readonly train_loss: number | null;
  readonly validation_accuracy: number | null;
}

/** Which curves `trialCurves` returns. */
export interface CurveFilter {
  /** Id of the search. */
  readonly run: string;
  /** Numbers of the trials, at most 1,000. */
  readonly trials: readonly number[];
}

const TRIALS_MAX = 1000;

/** Learning curves, by trial; one without an epoch is left out. */
export async function trialCurves(sql: Sql, { run, trials }: CurveFilter): Promise<TrialCurve[]> {
  const curves = await sql<TrialCurve[]>`
    select trial, jsonb_agg(
      jsonb_build_object('epoch', step, 'train_loss', train_loss, 'validation_accuracy', validation_accuracy) order by step
    ) as epochs
    from (
      select trial, step,
        max(value) filter (where name = 'train_loss') as train_loss,
        max(value) filter (where name = 'validation_accuracy') as validation_accuracy
      from metrics
      where run = ${run} and trial in (
        select value::int from jsonb_array_elements_text(${JSON.stringify(trials.slice(0, TRIALS_MAX))}::text::jsonb)
      )
      group by trial, step
    ) point
    group by trial order by trial`;
  return [...curves];
}
