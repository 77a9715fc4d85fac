import { CLOSED_STATUSES, RUN_STATUSES, type RunStatus } from '../../contracts/ledger.ts';
import { PROVISION } from '../../contracts/provision.ts';
import { ADVISORY_LOCKS } from '../advisory-locks.ts';
import type { Sql } from '../connection.ts';

/** A run that is about to be started, and has a row. */
export interface StackClaim {
  readonly stack: string;
  readonly id: string;
  /** Whether its row goes when the stack is held; one that has started stays in any case. */
  readonly forget: boolean;
}

/** A run that is not over. */
export interface StackHolder {
  readonly id: string;
  readonly status: RunStatus;
}

/** Statuses of a run that may yet do something to its stack, or has left it half done. */
const HOLDING = RUN_STATUSES.filter((status) => status === 'halted' || !CLOSED_STATUSES.includes(status));

/**
 * The earliest other run for the stack that is not over; undefined when there is none, and the stack is the run's. Of runs that claim it
 * at the same moment one gets it, and the others are forgotten one after another: a locking read passes over what was deleted while it
 * waited for its turn, though its snapshot has it. Their times do not tell who was first, as an earlier row may show later.
 */
export async function claimStack(sql: Sql, { stack, id, forget }: StackClaim): Promise<StackHolder | undefined> {
  const [holder] = await sql<StackHolder[]>`
    with turn as materialized (select pg_advisory_xact_lock(${ADVISORY_LOCKS.stacks})),
    holder as materialized (
      select run.id, run.status from turn, saga_runs run
      where run.kind = ${PROVISION} and run.status = any (string_to_array(${HOLDING.join(',')}::text, ','))
        and run.inputs ->> 'stack' = ${stack} and run.id <> ${id}
      order by run.created_at, run.id
      limit 1
      for key share of run
    ),
    forgotten as (
      delete from saga_runs where id = ${id} and run_id is null and version = 0 and ${forget} and exists (select from holder)
    )
    select id, status from holder`;
  return holder;
}
