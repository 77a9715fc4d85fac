import { CLOSED_STATUSES, RUN_STATUSES, type RunStatus } from '../../contracts/ledger.ts';
import { PROVISION } from '../../contracts/provision.ts';
import type { Sql, Transaction } from '../connection.ts';

/** Statuses of a run that has done, or may yet do, something to its stack which is not finished. */
const HOLDING = RUN_STATUSES.filter((status) => status === 'halted' || !CLOSED_STATUSES.includes(status));

/** Another run for a stack than `id` that is not over, the earliest of them; undefined when there is none. */
export async function findStackHolder(
  sql: Sql | Transaction,
  { stack, id }: { readonly stack: string; readonly id: string },
): Promise<{ readonly id: string; readonly status: RunStatus } | undefined> {
  const [holder] = await sql<{ id: string; status: RunStatus }[]>`
    select id, status from saga_runs
    where kind = ${PROVISION} and status = any (string_to_array(${HOLDING.join(',')}::text, ',')) and inputs ->> 'stack' = ${stack} and id <> ${id}
    order by created_at, id
    limit 1`;
  return holder;
}
