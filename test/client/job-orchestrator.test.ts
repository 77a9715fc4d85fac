import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { JobOrchestrator } from '../../src/client/job-orchestrator.ts';
import { startSaga } from '../../src/client/start.ts';
import { resolveConnections } from '../../src/config.ts';
import type { GivenJobDefinition } from '../../src/contracts/job.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { claimPendingRun } from '../../src/ledger/queries/claim-pending-run.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { batch } from '../ledger/batches.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

// What an orchestrator notes and lists, with no worker up; what runs do is in e2e/job.test.ts, their states in e2e/job-states.test.ts.

let database: TestDatabase;
let sql: Sql;
let cerebros: Cerebros;
let jobs: JobOrchestrator;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  cerebros = connect({ connections: resolveConnections({ address, database_url: database.url, data_dir: '/nowhere' }, {}) });
  jobs = new JobOrchestrator(cerebros);
});
afterAll(async () => {
  await cerebros.close();
  await closeLedger(sql);
  await database.drop();
});

const definition: GivenJobDefinition = {
  name: 'two',
  steps: [
    { name: 'a', task_type: 'work', handler: 'doIt' },
    { name: 'b', task_type: 'work', handler: 'doIt', dependencies: [0] },
  ],
};
const refused = { code: 'REFUSED', exitCode: 5 };

describe('creating a workflow', () => {
  it('notes it as pending, with its plan, its job and its metadata', async () => {
    const id = await jobs.createWorkflow('job-of-shop', definition, { team: 'shop' }, { inputs: [1], max_recovery_attempts: 0 });
    expect(id).toMatch(/^job-[0-9a-f]{8}$/);
    expect(await jobs.getWorkflow(id)).toMatchObject({
      id,
      kind: 'job',
      job_id: 'job-of-shop',
      status: 'pending',
      run_id: null,
      started_at: null,
      metadata: { team: 'shop' },
      max_recovery_attempts: 0,
      inputs: { inputs: [1], definition: { steps: [{ name: 'a' }, { name: 'b', dependencies: ['a'] }] } },
      steps: [
        { step_name: 'a', status: 'pending', task_type: 'work', needs: [] },
        { step_name: 'b', status: 'pending', needs: [0] },
      ],
    });
  });

  it('answers the same workflow for the same id, job and definition, and refuses another', async () => {
    const again = (jobId: string, name: string) => jobs.createWorkflow(jobId, { ...definition, name }, {}, { id: 'mine' });
    expect([await again('one', 'two'), await again('one', 'two')]).toEqual(['mine', 'mine']);
    await expect(again('other', 'two')).rejects.toMatchObject({ code: 'ID_TAKEN', exitCode: 5 });
    await expect(again('one', 'three')).rejects.toMatchObject({ code: 'ID_TAKEN', exitCode: 5 });
  });

  it.each([
    { what: 'a job id that is none', jobId: 'a b', given: definition, more: {} },
    { what: 'a definition that is none', jobId: 'j', given: { ...definition, steps: [] }, more: {} },
    { what: 'an id that is none', jobId: 'j', given: definition, more: { id: '../x' } },
    { what: 'recoveries that are no number', jobId: 'j', given: definition, more: { max_recovery_attempts: -1 } },
  ])('refuses $what, and notes nothing', async ({ jobId, given, more }) => {
    const before = await jobs.getActiveWorkflows();
    await expect(jobs.createWorkflow(jobId, given, {}, more)).rejects.toMatchObject({ code: 'INVALID_INPUT', exitCode: 2 });
    expect(await jobs.getActiveWorkflows()).toEqual(before);
  });

  it('is found by its job, the newest of them, and by nothing else', async () => {
    await jobs.createWorkflow('nightly', definition);
    const newest = await jobs.createWorkflow('nightly', definition);
    expect(await jobs.getWorkflowByJob('nightly')).toMatchObject({ id: newest });
    await expect(jobs.getWorkflowByJob('weekly')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', exitCode: 4 });
    await expect(jobs.getWorkflow('weekly')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', exitCode: 4 });
  });
});

describe('cancelling a workflow that was never started', () => {
  it('ends it for good: nobody can start it any more, by no way', async () => {
    const id = await jobs.createWorkflow('unwanted', definition);
    expect(await jobs.cancelWorkflow(id)).toEqual({ execution_id: id, status: 'cancelled' });
    expect(await jobs.getWorkflowProgress(id)).toMatchObject({ status: 'cancelled', progress: 0 });
    await expect(jobs.startWorkflow(id)).rejects.toMatchObject(refused);
    await expect(startSaga(cerebros, { kind: 'job', id, input: { definition } })).rejects.toMatchObject(refused);
    await expect(cerebros.temporal().then((client) => client.workflow.getHandle(id).describe())).rejects.toThrow(/not found/);
  });

  it('is refused while it is being started, until that start must have given up', async () => {
    const id = await jobs.createWorkflow('starting', definition);
    expect(await claimPendingRun(sql, id)).toBe(true);
    await expect(jobs.cancelWorkflow(id)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('being started') as string,
    });
    await sql`update saga_runs set started_at = now() - interval '61 seconds' where id = ${id}`;
    expect(await jobs.cancelWorkflow(id)).toMatchObject({ status: 'cancelled' });
    expect(await claimPendingRun(sql, id)).toBe(false);
  });
});

describe('the lists', () => {
  it('hold what moves, what has failed, and what can be recovered, of all kinds or of one', async () => {
    const put = (id: string, run: object): Promise<void> => flushBatch(sql, batch(id, 1, { run: { run_id: 'r', kind: 'listed', ...run } }));
    await put('l-running', { status: 'running' });
    await put('l-halted', { status: 'halted' });
    await put('l-spent', { status: 'halted', recovery_attempts: 3 });
    await put('l-undone', { status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: 0 } });
    await put('l-cancelled', { status: 'rolled_back', error: { reason: 'cancelled', compensate_from_idx: 0 } });
    await put('l-done', { status: 'completed' });
    const filter = { kind: 'listed' };
    const lists = [
      await jobs.getActiveWorkflows(filter),
      await jobs.getFailedWorkflows(filter),
      await jobs.getRecoverableWorkflows(filter),
    ];
    expect(lists.map((rows) => rows.map((row) => row.id).toSorted())).toEqual([
      ['l-running'],
      ['l-halted', 'l-spent', 'l-undone'],
      ['l-halted'],
    ]);
    expect(await jobs.getActiveWorkflows({ limit: 1 })).toHaveLength(1);
    expect((await jobs.getRecoverableWorkflows()).map((row) => row.id)).toEqual(['l-halted']);
  });
});
