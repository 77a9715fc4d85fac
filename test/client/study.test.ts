import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { enqueueTrial, extendStudy, setParallel, stopStudy, studyView } from '../../src/client/study.ts';
import { resolveConnections } from '../../src/config.ts';
import { studyId } from '../../src/contracts/nas-search.ts';
import { SAGA_MEMO } from '../../src/contracts/saga-start.ts';
import type { Params } from '../../src/contracts/search-space.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
const taskQueue = `test-${randomBytes(4).toString('hex')}`;

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
    workflowsPath: fileURLToPath(new URL('./fake-study.ts', import.meta.url)),
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

interface Started {
  readonly kind?: string;
  /** Default true. */
  readonly study?: boolean;
  /** Default true. */
  readonly worker?: boolean;
}

/** A run with its study, of which nobody writes rows; returns its id. */
async function startSearch({ kind = 'nas-search', study = true, worker = true }: Started = {}): Promise<string> {
  const client = await cerebros.temporal();
  const id = `s-${randomBytes(6).toString('hex')}`;
  const queue = worker ? taskQueue : `${taskQueue}-nobody`;
  await client.workflow.start('fakeRun', { taskQueue: queue, workflowId: id, memo: { [SAGA_MEMO]: { kind, plan: [] } } });
  if (study) await client.workflow.start('fakeStudy', { taskQueue: queue, workflowId: studyId(id), args: [id] });
  return id;
}

async function endRun(id: string): Promise<void> {
  const client = await cerebros.temporal();
  await client.workflow.getHandle(id).terminate();
}

describe('an edit of a study', () => {
  it('is made, and answered with where the study then stands', async () => {
    const id = await startSearch();
    expect(await extendStudy(cerebros, id, 40)).toMatchObject({ search_id: id, max_trials: 40, parallel: 2 });
    expect(await setParallel(cerebros, id, 4)).toMatchObject({ max_trials: 40, parallel: 4 });
    expect(await enqueueTrial(cerebros, id, { depth: 2, op: 'conv' })).toMatchObject({ best: { params: { depth: 2, op: 'conv' } } });
    expect(await studyView(cerebros, id)).toMatchObject({ status: 'running', max_trials: 40, parallel: 4 });
    expect(await stopStudy(cerebros, id)).toMatchObject({ status: 'draining' });
  });

  it('that the study refuses exits 5 with its reason', async () => {
    const id = await startSearch();
    await expect(extendStudy(cerebros, id, 6)).rejects.toMatchObject({
      code: 'REFUSED',
      exitCode: 5,
      message: `studyExtend of ${id}: 7 trials are started, got 6`,
      hint: `cerebros leaderboard ${id}`,
    });
    expect(await studyView(cerebros, id)).toMatchObject({ max_trials: 20 });
  });

  it('exits 5 when no worker answers', async () => {
    const id = await startSearch({ worker: false });
    const noWorker = { code: 'NO_WORKER', exitCode: 5, hint: 'cerebros worker' };
    await Promise.all([
      expect(stopStudy(cerebros, id)).rejects.toMatchObject(noWorker),
      expect(studyView(cerebros, id)).rejects.toMatchObject(noWorker),
    ]);
  });
});

describe('a run without an open study', () => {
  it('that is nowhere exits 4', async () => {
    for (const ask of [stopStudy, studyView]) {
      await expect(ask(cerebros, 'nowhere')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', exitCode: 4 });
    }
  });

  it('of another kind exits 5', async () => {
    const id = await startSearch({ kind: 'training-run', study: false });
    const message = `run ${id}: expected a run of the kind nas-search, got one of the kind training-run`;
    await expect(setParallel(cerebros, id, 3)).rejects.toMatchObject({ code: 'REFUSED', exitCode: 5, message });
  });

  it('that is not at its trials exits 5', async () => {
    const id = await startSearch({ study: false });
    const message = `run ${id}: expected a search that is at its trials, got one that is not, or not any more`;
    await expect(stopStudy(cerebros, id)).rejects.toMatchObject({ exitCode: 5, message, hint: `cerebros progress ${id}` });
  });

  it('that has closed exits 5, and still tells where its study stood', async () => {
    const id = await startSearch();
    await stopStudy(cerebros, id);
    await endRun(id);
    const client = await cerebros.temporal();
    await until(async () => (await client.workflow.getHandle(studyId(id)).describe()).status.name === 'COMPLETED');
    const message = `run ${id}: expected an open search, got one that is terminated`;
    await expect(extendStudy(cerebros, id, 30)).rejects.toMatchObject({ code: 'REFUSED', exitCode: 5, message });
    expect(await studyView(cerebros, id)).toMatchObject({ search_id: id, status: 'draining' });
  });
});

describe('an edit that cannot be', () => {
  it.each<[string, (id: string) => Promise<unknown>, string]>([
    [
      'no trials',
      (id) => extendStudy(cerebros, id, 0),
      'max_trials: expected a whole number from 1 to 10000, got 0; give the number of trials to start in all',
    ],
    [
      'too many trials in flight',
      (id) => setParallel(cerebros, id, 65),
      'parallel: expected a whole number from 1 to 64, got 65; give the number of trials to keep in flight',
    ],
    [
      'a configuration that is a list',
      (id) => enqueueTrial(cerebros, id, [1] as unknown as Params),
      'params: expected a configuration, got [1]; give an object as {"width": 64}',
    ],
    [
      'a value that is none',
      (id) => enqueueTrial(cerebros, id, { width: [1] } as unknown as Params),
      'params.width: expected a string, a finite number or a boolean, got [1]; give a value of the search space',
    ],
    [
      'an id that cannot be one',
      () => stopStudy(cerebros, 'a b'),
      `expected a run's id (letters, digits, ".", "_", ":" or "-"), got "a b"`,
    ],
  ])('of %s exits 2 before anything is asked', async (_, edit, message) => {
    await expect(edit('nowhere')).rejects.toMatchObject({ code: 'INVALID_INPUT', exitCode: 2, message });
  });
});
