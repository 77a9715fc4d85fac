import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide, listApprovals, type DecideRequest } from '../../src/client/approvals.ts';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { wake } from '../../src/client/wake.ts';
import { resolveConnections } from '../../src/config.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { approval, storeApprovals } from '../ledger/approval-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
const taskQueue = `test-${randomBytes(4).toString('hex')}`;
const YES: DecideRequest = { decision: 'approved', by: 'ada' };

let database: TestDatabase;
let cerebros: Cerebros;
let stopWorker = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  database = await createTestDatabase();
  cerebros = connect({ connections: resolveConnections({ address, database_url: database.url, data_dir: '/nowhere' }, {}) });
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./fake-blueprint.ts', import.meta.url)),
    payloadConverterPath: fileURLToPath(new URL('../../src/contracts/payload-converter.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, dataConverter: DATA_CONVERTER });
  const running = worker.run();
  stopWorker = async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
});
afterAll(async () => {
  await cerebros.close();
  await stopWorker();
  await database.drop();
});

/** A run that nobody writes rows of; returns its id. */
async function startRun({ worker = true } = {}): Promise<string> {
  const client = await cerebros.temporal();
  const workflowId = `b-${randomBytes(6).toString('hex')}`;
  await client.workflow.start('fakeBlueprint', { taskQueue: worker ? taskQueue : `${taskQueue}-nobody`, workflowId });
  return workflowId;
}

async function close(id: string): Promise<void> {
  await wake(cerebros, id, 'transform');
  const client = await cerebros.temporal();
  await until(async () => (await client.workflow.getHandle(id).describe()).status.name === 'COMPLETED');
}

describe('decide', () => {
  it('answers the decision that counts', async () => {
    const id = await startRun();
    const decided = await decide(cerebros, id, 'load', { ...YES, comment: 'looks good', decision_id: 'd-1' });
    expect(decided).toEqual({
      execution_id: id,
      step: 'load',
      decision: 'approved',
      by: 'ada',
      comment: 'looks good',
      decision_id: 'd-1',
      decided_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      timed_out: false,
    });
    expect(await decide(cerebros, id, 'load', { decision: 'rejected', by: 'ada', decision_id: 'd-1' })).toEqual(decided);
  });

  it('makes an id for each decision, so that a second one is refused with the first', async () => {
    const id = await startRun();
    const { decision_id, comment } = await decide(cerebros, id, 'load', { decision: 'rejected', by: 'grace' });
    expect({ decision_id, comment }).toEqual({ decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, comment: null });
    await expect(decide(cerebros, id, 'load', YES)).rejects.toMatchObject({
      code: 'REFUSED',
      exitCode: 5,
      message: `decide of ${id}: step load is decided already: rejected by grace`,
      hint: `cerebros show ${id}`,
    });
  });

  it('exits 5 once the run has closed, and names what was decided; the same decision again is the same', async () => {
    const id = await startRun();
    const made = await decide(cerebros, id, 'load', { ...YES, decision_id: 'd-1' });
    const { by: decided_by, decided_at, decision_id } = made;
    const rows = [
      approval(id, 0, { step_idx: 2, status: 'timed_out', decided_at }),
      approval(id, 1, { step_idx: 2, n: 2, status: 'approved', decided_by, decided_at, decision_id }),
    ];
    await storeApprovals(await cerebros.ledger(), rows);
    await close(id);
    const message = `run ${id}: expected an open run, got one that is completed; step load was approved by ada at ${decided_at}`;
    for (const step of ['load', '2']) {
      await expect(decide(cerebros, id, step, YES)).rejects.toMatchObject({ code: 'REFUSED', exitCode: 5, message });
      expect(await decide(cerebros, id, step, { ...YES, decision_id: 'd-1' })).toEqual({ ...made, step });
    }
    await expect(decide(cerebros, id, 'extract', YES)).rejects.toMatchObject({ exitCode: 5, message: message.replace(/; .*/, '') });
  });

  it.each<[string, string, DecideRequest, string]>([
    ['an id that is none', 'a b', YES, `expected a run's id`],
    ['nobody', 'x', { ...YES, by: '' }, 'by: expected a name of one line, 1 to 200 characters, without spaces around it, got ""'],
    ['a name of two lines', 'x', { ...YES, by: 'ada\neve' }, 'by: expected a name of one line'],
    ['a name with spaces around it', 'x', { ...YES, by: 'ada ' }, 'by: expected a name of one line'],
    ['a comment without end', 'x', { ...YES, comment: 'x'.repeat(2001) }, 'comment: expected at most 2000 characters, got 2001'],
    ['a decision id that is none', 'x', { ...YES, decision_id: 'a b' }, 'decision_id: expected letters, digits'],
  ])('exits 2 for %s, before anything is asked', async (_, id, request, message) => {
    const failed = { code: 'INVALID_INPUT', exitCode: 2, message: expect.stringContaining(message) as string };
    await expect(decide(cerebros, id, 'load', request)).rejects.toMatchObject(failed);
  });
});

describe('wake', () => {
  it('ends a sleep, and is refused for a step that does not sleep', async () => {
    const id = await startRun();
    const message = `wake of ${id}: step load is waiting; only a sleeping step can be woken`;
    await expect(wake(cerebros, id, 'load')).rejects.toMatchObject({ code: 'REFUSED', exitCode: 5, message });
    expect(await wake(cerebros, id, 'transform')).toEqual({ execution_id: id, status: 'running' });
  });
});

describe.each([
  ['decide', (id: string) => decide(cerebros, id, 'load', YES)],
  ['wake', (id: string) => wake(cerebros, id, 'transform')],
])('%s', (_, act) => {
  it('exits 4 for a run that is nowhere', async () => {
    await expect(act('nowhere')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', exitCode: 4 });
  });

  it('exits 5 for a run that has closed', async () => {
    const id = await startRun();
    await close(id);
    const message = `run ${id}: expected an open run, got one that is completed`;
    await expect(act(id)).rejects.toMatchObject({ code: 'REFUSED', exitCode: 5, message });
  });
});

it('decide and wake exit 5 when no worker answers', async () => {
  const id = await startRun({ worker: false });
  const noWorker = (name: string): object => ({
    code: 'NO_WORKER',
    exitCode: 5,
    message: `${name} of ${id}: no worker polls the queue cerebros, or it did not answer in time`,
  });
  await Promise.all([
    expect(decide(cerebros, id, 'load', YES)).rejects.toMatchObject(noWorker('decide')),
    expect(wake(cerebros, id, 'transform')).rejects.toMatchObject(noWorker('wake')),
  ]);
});

describe('listApprovals', () => {
  it('lists what waits, and tells a run that asks for nothing from one that is none', async () => {
    const row = approval('asking', 0);
    await storeApprovals(await cerebros.ledger(), [row, approval('asked', 0, { status: 'cancelled' })]);
    expect(await listApprovals(cerebros)).toEqual([row]);
    expect(await listApprovals(cerebros, { saga_id: 'asking', may_decide: 'ada' })).toEqual([row]);
    expect(await listApprovals(cerebros, { saga_id: 'asked' })).toEqual([]);
    await expect(listApprovals(cerebros, { saga_id: 'nowhere' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', exitCode: 4 });
    await expect(listApprovals(cerebros, { saga_id: 'a b' })).rejects.toMatchObject({ code: 'INVALID_INPUT', exitCode: 2 });
  });
});
