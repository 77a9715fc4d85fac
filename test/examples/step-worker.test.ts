import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeepValue } from '../../src/activities/keep-value.ts';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { decide, listApprovals } from '../../src/client/approvals.ts';
import { registerBlueprint } from '../../src/client/blueprints.ts';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { parseInputText } from '../../src/client/parse-input-text.ts';
import { prepareInput } from '../../src/client/prepare-input.ts';
import { showRun } from '../../src/client/show.ts';
import { resolveConnections } from '../../src/config.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { SAGA_MEMO } from '../../src/contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes.ts';
import type { ApprovalRow } from '../../src/contracts/step-protocol.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
const taskQueue = `test-${randomBytes(4).toString('hex')}`;
const PROGRAM = fileURLToPath(new URL('../../dist/examples/step-worker.js', import.meta.url));

let database: TestDatabase;
let cerebros: Cerebros;
let stepWorker: ChildProcess;
let stopWorker = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  database = await createTestDatabase();
  cerebros = connect({ connections: resolveConnections({ address, database_url: database.url, data_dir: '/nowhere' }, {}) });
  stepWorker = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    stdio: 'ignore',
  });
  // It must not outlive a test that is killed.
  process.once('exit', () => stepWorker.kill('SIGKILL'));
  stopWorker = await serveWorkflows();
});
afterAll(async () => {
  const ended = once(stepWorker, 'close');
  stepWorker.kill('SIGTERM');
  await ended;
  await stopWorker();
  await cerebros.close();
  await database.drop();
});

/** Workflows and the flush, without any step. */
async function serveWorkflows(): Promise<() => Promise<void>> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    payloadConverterPath: fileURLToPath(new URL('../../src/contracts/payload-converter.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const activities = { ...createLedgerActivities({ sql: await cerebros.ledger() }), ...createKeepValue() };
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities, dataConverter: DATA_CONVERTER });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

const example = (name: string): unknown => {
  const file = new URL(`../../examples/${name}`, import.meta.url);
  return parseInputText(readFileSync(file, 'utf8'), name);
};

/** Starts the example, on the queue of this test, and waits until somebody is asked. */
async function startUntilAsked(): Promise<ApprovalRow> {
  const { definition } = await registerBlueprint(cerebros, example('blueprint-report.yaml'));
  const blueprints = (): Promise<typeof definition> => Promise.resolve(definition);
  const { input, plan } = await prepareInput('blueprint', example('blueprint-start.yaml'), { blueprints });
  const client = await cerebros.temporal();
  const workflowId = `report-${randomBytes(6).toString('hex')}`;
  await client.workflow.start('blueprint', {
    taskQueue,
    workflowId,
    args: [input],
    memo: { [SAGA_MEMO]: { kind: plan.kind, plan: plan.steps } },
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.kind, value: plan.kind }],
  });
  return until(async () => (await listApprovals(cerebros)).find((row) => row.saga_id === workflowId));
}

async function closed(id: string): Promise<SagaRun> {
  return until(async () => {
    const run = await showRun(cerebros, id);
    return run.completed_at === null ? undefined : run;
  });
}

describe('the step worker of the examples', () => {
  it('sleeps, asks, and goes on with the answer', async () => {
    const { saga_id, ...asked } = await startUntilAsked();
    expect(asked).toMatchObject({ step_name: 'load', approval_type: 'publish', data: { table: 'orders', sum: 12 }, on_timeout: 'reject' });
    await decide(cerebros, saga_id, 'load', { decision: 'approved', by: 'ada' });
    expect(await closed(saga_id)).toMatchObject({
      status: 'completed',
      result: {
        extract: { table: 'orders', rows: [3, 4, 5] },
        transform: { table: 'orders', sum: 12 },
        load: { published: { table: 'orders', sum: 12 }, approved_by: 'ada' },
      },
      steps: [
        { status: 'completed' },
        { status: 'completed' },
        { status: 'completed', worker_id: expect.stringMatching(`^${stepWorker.pid}@`) as string },
      ],
    });
  });

  it('fails when the answer is no, which is not retried, and takes back what was published', async () => {
    const { saga_id } = await startUntilAsked();
    await decide(cerebros, saga_id, 'load', { decision: 'rejected', by: 'ada', comment: 'too few rows' });
    expect(await closed(saga_id)).toMatchObject({
      status: 'rolled_back',
      error: { reason: 'step_failed:load', message: expect.stringContaining('rejected by ada: too few rows') as string },
      steps: [
        { status: 'compensated' },
        { status: 'compensated' },
        { status: 'failed', attempts: 1, error: { code: 'REJECTED' }, compensated_at: expect.any(String) as string },
      ],
    });
  });
});
