import type { SagaError } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/** No start takes longer: who claimed a run for one before that has given up. */
const CLAIM_S = 60;

const ERROR: SagaError = { reason: 'cancelled', compensate_from_idx: null, message: 'cancelled before it started' };

/** Ends a run that was only noted. Answers false, and changes nothing, when it has started, is being started, or has ended. */
export async function cancelPendingRun(sql: Sql, id: string): Promise<boolean> {
  const { count } = await sql`
    update saga_runs set
      status = 'cancelled', cancel_requested = true, error = ${jsonbText(ERROR)}::text::jsonb, started_at = null, completed_at = now()
    where id = ${id} and run_id is null and status = 'pending'
      and (started_at is null or started_at < now() - make_interval(secs => ${CLAIM_S}))`;
  return count === 1;
}
