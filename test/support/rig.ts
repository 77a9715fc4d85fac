import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { createKeepValue } from '../../src/activities/keep-value.ts';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { createProofActivities } from '../../src/activities/proof.ts';
import { serveSteps } from '../../src/activities/serve-steps.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { SAGA_MEMO, type SagaStart } from '../../src/contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { EffectsFile } from './effects-file.ts';
import { createTestDatabase } from './postgres.ts';
import type { ScriptedInput } from './scripted.ts';
import { createScriptedActivities } from './scripted-activities.ts';

/** A worker on the run's shared server with a queue, a ledger and an effects file of its own. */
export interface Rig {
  readonly client: Client;
  readonly sql: Sql;
  readonly taskQueue: string;
  readonly databaseUrl: string;
  readonly effects: EffectsFile;
  /** Steps told to `wait` go on once this file exists. */
  readonly gate: string;
  startScripted(input: ScriptedInput, start?: SagaStart, id?: string): Promise<WorkflowHandleWithFirstExecutionRunId>;
  startWorkflow(type: string, plan: Plan, args: readonly unknown[], id?: string): Promise<WorkflowHandleWithFirstExecutionRunId>;
  /** Starts another worker on the queue, or the first one. */
  serve(): Promise<{ stop(): Promise<void> }>;
  /** The run's rows in the ledger. Throws when there are none. */
  rows(id: string): Promise<SagaRun>;
  stop(): Promise<void>;
}

export interface RigOptions {
  /** Serve with a worker in this process. Default true. */
  readonly worker?: boolean;
}

export async function startRig({ worker: withWorker = true }: RigOptions = {}): Promise<Rig> {
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  const database = await createTestDatabase();
  const sql = openLedger(database.url);
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, dataConverter: DATA_CONVERTER });
  const taskQueue = `test-${randomBytes(4).toString('hex')}`;
  const dir = mkdtempSync(join(tmpdir(), 'cerebros-rig-'));
  const effects = new EffectsFile(join(dir, 'effects.jsonl'));
  const gate = join(dir, 'gate');
  const served = withWorker ? await serve({ address, taskQueue, sql, effects, gate }) : undefined;
  const startWorkflow: Rig['startWorkflow'] = (type, plan, args, id = `t-${randomBytes(6).toString('hex')}`) =>
    client.workflow.start(type, {
      taskQueue,
      workflowId: id,
      args: [...args],
      memo: { [SAGA_MEMO]: { kind: plan.kind, plan: plan.steps } },
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.kind, value: plan.kind }],
    });
  return {
    client,
    sql,
    taskQueue,
    databaseUrl: database.url,
    effects,
    gate,
    startWorkflow,
    serve: () => serve({ address, taskQueue, sql, effects, gate }),
    startScripted: (input, start, id) =>
      startWorkflow(
        'scripted',
        { kind: 'scripted', steps: input.steps.map(({ script: _script, ...step }) => step) },
        start ? [input, start] : [input],
        id,
      ),
    rows: async (id) => {
      const run = await getRun(sql, id);
      if (!run) throw new Error(`no rows of ${id}`);
      return run;
    },
    stop: async () => {
      await served?.stop();
      await closeLedger(sql);
      await connection.close();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface Served {
  readonly address: string;
  readonly taskQueue: string;
  readonly sql: Sql;
  readonly effects: EffectsFile;
  readonly gate: string;
  readonly killPoint?: Parameters<typeof createScriptedActivities>[2];
}

let runtime: Runtime | undefined;

/** Serves the test workflows on a queue until stopped. */
export async function serve({ address, taskQueue, sql, effects, gate, killPoint }: Served): Promise<{ stop(): Promise<void> }> {
  runtime ??= Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await testBundle(),
    dataConverter: DATA_CONVERTER,
    activities: {
      ...createLedgerActivities({ sql }),
      ...createKeepValue(),
      ...serveSteps({ ...createProofActivities(), ...createScriptedActivities(effects, gate, killPoint) }),
    },
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '1s',
    maxHeartbeatThrottleInterval: '1s',
  });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

let bundle: Promise<WorkflowBundle> | undefined;

/** The test workflows, bundled once per process. */
export function testBundle(): Promise<WorkflowBundle> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows/index.ts', import.meta.url)),
    payloadConverterPath: fileURLToPath(new URL('../../src/contracts/payload-converter.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}
