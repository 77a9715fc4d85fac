import type { RunStatus } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';

/** A run that trains, or trained, on a dataset. */
export interface RunOnDataset {
  readonly id: string;
  readonly kind: string;
  readonly status: RunStatus;
  readonly created_at: string;
}

/** Trainings and searches whose input was resolved to a dataset, newest first; at most 1,000. Reads the results of their first steps. */
export async function runsOnDataset(sql: Sql, dataset_id: string): Promise<RunOnDataset[]> {
  const rows = await sql<RunOnDataset[]>`
    select run.id, run.kind, run.status, run.created_at from saga_runs run
    where run.kind in ('training-run', 'nas-search') and exists (
      select from saga_step_results step
      where step.saga_id = run.id and step.step_name in ('validate_inputs', 'ensure_run_id')
        and (step.output ->> 'dataset_name' = ${dataset_id} or step.output #>> '{search,dataset_id}' = ${dataset_id})
    )
    order by run.created_at desc, run.id desc limit 1000`;
  return [...rows];
}
