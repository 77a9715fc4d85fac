import type { CallRate } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';

/**
 * Draws one call from the bucket of a token, which holds at most `burst` and fills with `calls_per_s`; so in any window of `t` seconds
 * at most `burst + t × calls_per_s` are granted, to all workers together. One statement: who comes at the same time waits for the row
 * and sees what is left of it. When refused, `wait_ms` is how long it takes until there is one.
 */
export async function takeCloudCall(
  sql: Sql,
  draw: CallRate & { readonly token_sha256: string; readonly at?: string },
): Promise<{ granted: boolean; wait_ms: number }> {
  const { token_sha256, burst, calls_per_s, at = null } = draw;
  const [row] = await sql<{ granted: boolean; wait_ms: number }[]>`
    with clock as materialized (select coalesce(${at}::timestamptz, clock_timestamp()) as now),
    taken as (
      insert into cloud_call_budgets as budget (token_sha256, calls_left, filled_at)
      select ${token_sha256}, ${burst}::float8 - 1, now from clock
      on conflict (token_sha256) do update set
        calls_left = least(${burst}::float8,
          budget.calls_left + ${calls_per_s}::float8 * greatest(0, extract(epoch from excluded.filled_at - budget.filled_at))::float8) - 1,
        filled_at = greatest(excluded.filled_at, budget.filled_at)
      where (budget.blocked_until is null or budget.blocked_until <= excluded.filled_at)
        and budget.calls_left + ${calls_per_s}::float8 * greatest(0, extract(epoch from excluded.filled_at - budget.filled_at))::float8 >= 1
      returning 1
    )
    select exists (select from taken) as granted, coalesce(ceil(1000 * greatest(
      (1 - calls_left) / ${calls_per_s}::float8 - extract(epoch from now - filled_at)::float8,
      extract(epoch from blocked_until - now)::float8
    )), 0)::float8 as wait_ms
    from clock left join cloud_call_budgets on token_sha256 = ${token_sha256}`;
  return row?.granted ? { granted: true, wait_ms: 0 } : { granted: false, wait_ms: Math.max(row?.wait_ms ?? 0, 1) };
}
