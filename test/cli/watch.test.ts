import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { putTrialBatch } from '../../src/ledger/queries/put-trial-batch.ts';
import { batch, step } from '../ledger/batches.ts';
import { trial, trialBatch } from '../ledger/trial-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { cerebros, type Ran, type World } from './fake-context.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
  for (const [id, kind] of [
    ['search', 'nas-search'],
    ['other', 'proof'],
  ] as const) {
    await flushBatch(sql, batch(id, 1, { run: { kind, status: 'completed', run_id: 'r' }, steps: [step(0)] }));
    await putTrialBatch(
      sql,
      trialBatch({ trials: [trial(id, 0), trial(id, 7, { value: 0.95 }), trial(id, 8, { status: 'pruned', epochs: 1 })] }),
    );
  }
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
});

/** Of runs that have closed, so that it ends; Temporal knows none of them. */
const watch = (args: readonly string[], world: World = {}) => run(['watch', ...args], world);

function run(args: readonly string[], world: World = {}): Promise<Ran> {
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  const connections = resolveConnections({ address, database_url: database.url, data_dir: '/nowhere' }, {});
  return cerebros(args, { connect: () => Promise.resolve(connect({ connections })), ...world });
}

const TRIALS = '3 trials, 3 done, best 0.9500 (trial 7): 2 completed, 1 pruned';

it.each([
  { where: 'on a terminal', tty: true },
  { where: 'in lines when piped', tty: false },
])('watch says where the trials of a search stand, $where', async ({ tty }) => {
  const { code, stdout } = await watch(['search'], { tty });
  expect(code).toBe(0);
  expect(stdout.split('\n')).toContain(TRIALS);
});

it('watch says nothing of trials to a run of another kind, nor in JSON', async () => {
  expect((await watch(['other'])).stdout).not.toContain('trials');
  const { stdout } = await watch(['search', '-o', 'jsonl']);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { workflow_id: string }).workflow_id),
  ).toEqual(['search']);
});

it.each(['sleeping', 'waiting'] as const)('of a step that is %s watch says so, and show until when', async (status) => {
  const suspended = { ...step(0), status, wakes_at: '2027-01-31T08:00:00.000Z' };
  // Closed all the same, so that the watching ends.
  await flushBatch(sql, batch(status, 1, { run: { kind: 'blueprint', status: 'completed', run_id: 'r' }, steps: [suspended] }));
  expect((await watch([status])).stdout).toContain(`0 ${suspended.step_name} ${status}\n`);
  const { stdout } = await run(['show', status, '-o', 'text']);
  expect(stdout).toContain(`${status === 'waiting' ? 'for a decision until' : 'until'} ${suspended.wakes_at}`);
});
