import { expect, test } from 'vitest';
import { openLedger, closeLedger, withLedger } from '../../src/ledger/connection.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { createTestDatabase } from '../support/postgres.ts';

test('two migrators at once apply each migration once, and a third has nothing to do', async () => {
  const database = await createTestDatabase({ empty: true });
  const [one, two] = [openLedger(database.url), openLedger(database.url)];
  try {
    const applied = await Promise.all([migrate(one), migrate(two)]);
    expect(applied.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await migrate(one)).toEqual([]);
  } finally {
    await Promise.all([closeLedger(one), closeLedger(two)]);
    await database.drop();
  }
});

test('a database of a newer release is refused, with the migrations it has too many', async () => {
  const database = await createTestDatabase();
  try {
    await withLedger(database.url, async (sql) => {
      await sql`insert into ledger_migrations (number) values (900)`;
      await expect(migrate(sql)).rejects.toMatchObject({ code: 'LEDGER_TOO_NEW', message: expect.stringContaining('found 900') });
    });
  } finally {
    await database.drop();
  }
});

test('has the columns that are agreed on', async () => {
  const database = await createTestDatabase();
  try {
    const columns = await withLedger(database.url, async (sql) => [
      ...(await sql<{ table_name: string; columns: string }[]>`
        select table_name, string_agg(column_name, ' ' order by ordinal_position) as columns
        from information_schema.columns where table_schema = 'public' group by table_name order by table_name`),
    ]);
    expect(Object.fromEntries(columns.map((row) => [row.table_name, row.columns]))).toMatchObject({
      approvals:
        'saga_id step_idx n step_name approval_type data approvers requester on_timeout requested_at expires_at status decided_by ' +
        'decided_at comment decision_id version',
      blueprints: 'name version sha256 definition registered_at registered_by',
      events: 'seq id type source subject time data',
      saga_runs:
        'id run_id root_run_id kind job_id status plan current_step_idx inputs context result metadata cancel_requested error ' +
        'recovery_attempts max_recovery_attempts parent_id version created_at started_at completed_at',
      saga_step_results:
        'saga_id step_idx step_name task_type needs status output error attempts worker_id activity_id estimated_duration_s ' +
        'queued_at started_at completed_at compensated_at wakes_at version',
      trials: 'run number params status value error started_at completed_at epochs param_count weights_sha256 engine version',
      cloud_resources: 'urn provider type name provider_id observed observed_at',
      cloud_provisioned: 'resource desired_spec spec_version saga_id state intent_hash created_at updated_at tag posts problem deleted_by',
      cloud_spec_history: 'resource spec_version desired_spec changed_by changed_at reverted_at',
      cloud_drift: 'resource provider type name provider_id verdict diff reason checked_at told since',
      cloud_call_budgets: 'token_sha256 calls_left filled_at blocked_until',
    });
  } finally {
    await database.drop();
  }
});
