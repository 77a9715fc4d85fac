import type { Sql } from '../connection.ts';

/** Lowers the bucket of a token to the calls that the provider says are left, and blocks it for `blocked_ms`; never raises it. */
export async function correctCloudBudget(
  sql: Sql,
  said: { readonly token_sha256: string; readonly left: number; readonly blocked_ms: number; readonly at?: string },
): Promise<void> {
  const { token_sha256, left, blocked_ms, at = null } = said;
  await sql`
    update cloud_call_budgets set
      calls_left = least(calls_left, ${left}::float8),
      blocked_until = greatest(blocked_until,
        coalesce(${at}::timestamptz, clock_timestamp()) + ${blocked_ms}::float8 * interval '1 millisecond')
    where token_sha256 = ${token_sha256}`;
}
