// A sleep of three days, on Temporal's time-skipping test server.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createLedgerActivities } from '../../dist/activities/ledger.js';
import { historyJson } from '../../dist/client/histories.js';
import { blueprintPlan } from '../../dist/contracts/blueprint.js';
import { SAGA_MEMO } from '../../dist/contracts/saga-start.js';
import { SEARCH_ATTRIBUTES } from '../../dist/contracts/search-attributes.js';
import { DATA_CONVERTER } from '../../dist/data-converter.js';
import { workflowBundle } from '../../dist/workflow-bundle.js';
import { serveSteps, sleeps, step } from './step-worker.mjs';

const PROGRAM = fileURLToPath(new URL('../time-skipping-server.mjs', import.meta.url));
const THREE_DAYS_MS = 3 * 86_400_000;
const LIMIT_MS = 60_000;
const BOOTS_MAX = 5;
/** As in Temporal's IndexedValueType. */
const KEYWORD = 2;

/** Runs a blueprint whose second step sleeps for three days. Answers its history. */
export async function recordLongSleep(id, sql) {
  const path = execFileSync(process.execPath, [PROGRAM], { encoding: 'utf8' }).trim();
  const time = await boot(path, BOOTS_MAX);
  try {
    const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map(({ name }) => [name, KEYWORD]));
    await time.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
    const stop = await serve(time.nativeConnection, sql);
    const steps = [step('fetch'), step('rest', [sleeps(THREE_DAYS_MS)], ['fetch']), step('tell', [], ['rest'])];
    const input = { blueprint: { name: 'recorded', version: '1', steps }, sha256: '', inputs: null };
    const { kind, steps: plan } = blueprintPlan(input);
    const memo = { [SAGA_MEMO]: { kind, plan } };
    const run = () => time.client.workflow.execute(kind, { taskQueue: 'workflows', workflowId: id, args: [input], memo });
    await time.client.withDeadline(Date.now() + LIMIT_MS, run);
    await stop();
    return await historyJson(time.client, id);
  } finally {
    await time.teardown();
  }
}

/** The SDK gives a server 5 s to start, and on a busy machine Java may need more. */
async function boot(path, bootsLeft) {
  try {
    const server = { executable: { type: 'existing-path', path } };
    return await TestWorkflowEnvironment.createTimeSkipping({ server, client: { dataConverter: DATA_CONVERTER } });
  } catch (error) {
    if (bootsLeft === 1) throw error;
    return boot(path, bootsLeft - 1);
  }
}

async function serve(connection, sql) {
  const worker = await Worker.create({
    connection,
    taskQueue: 'workflows',
    workflowBundle: workflowBundle(),
    activities: createLedgerActivities({ sql }),
    dataConverter: DATA_CONVERTER,
    // The test server gives a task that falls due after a skip to nobody if it is one for a worker that has the run cached.
    maxCachedWorkflows: 0,
  });
  const running = worker.run();
  const stopSteps = await serveSteps(connection);
  return async () => {
    await stopSteps();
    worker.shutdown();
    await running;
  };
}
