import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { createLedgerActivities } from '../../../src/activities/ledger.ts';
import { fetchHistory } from '../../../src/client/histories.ts';
import type { HistoryEvent } from '../../../src/client/history/decode.ts';
import type { RebuildSources } from '../../../src/client/rebuild.ts';
import { BLUEPRINT, blueprintPlan, type BlueprintStep } from '../../../src/contracts/blueprint.ts';
import type { Json, SagaRun } from '../../../src/contracts/ledger.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import type { ExternalStepInput } from '../../../src/contracts/step-protocol.ts';
import { DATA_CONVERTER } from '../../../src/data-converter.ts';
import { getRun } from '../../../src/ledger/queries/get-run.ts';
import { listApprovalsOfRun } from '../../../src/ledger/queries/list-approvals-of-run.ts';
import { replaceApprovals } from '../../../src/ledger/queries/replace-approvals.ts';
import { replaceRun } from '../../../src/ledger/queries/replace-run.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { until } from '../../support/until.ts';

/** What a step answers at its first call, at the next … ; after the last it succeeds. `gate`: once there is such a file · `data_bytes`: with so much `data`. */
export type Said = { readonly fail: string } | { readonly raw: Json } | { readonly status: string; readonly [field: string]: Json };

export interface TalkingStep extends Partial<Omit<BlueprintStep, 'inputs'>> {
  readonly name: string;
  readonly says?: readonly Said[];
  readonly undo?: { readonly task_type: string };
  /** By default an undo succeeds. */
  readonly undo_says?: Said;
}

/** The workflow `blueprint` on the test server, and a worker of another queue that answers by the protocol. */
export interface ExternalRig extends Rig {
  readonly sources: RebuildSources;
  start(steps: readonly TalkingStep[], start?: SagaStart, id?: string): Promise<WorkflowHandleWithFirstExecutionRunId>;
  events(id: string): Promise<readonly HistoryEvent[]>;
  /** Serves the workflows until stopped. */
  serveWorkflows(): Promise<{ stop(): Promise<void> }>;
}

export async function startExternalRig(): Promise<ExternalRig> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const rig = await startRig({ worker: false });
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  const connection = await NativeConnection.connect({ address });
  const queue = `${rig.taskQueue}-external`;
  const worker = await Worker.create({ connection, taskQueue: queue, dataConverter: DATA_CONVERTER, activities: { answer, takeBack } });
  const running = worker.run();
  const { sql, client } = rig;
  return {
    ...rig,
    sources: {
      fetchHistory: (id, runId) => fetchHistory(client, id, runId),
      readRun: (id) => getRun(sql, id),
      readApprovals: (id) => listApprovalsOfRun(sql, id),
      writeRun: (run) => replaceRun(sql, run),
      writeApprovals: (run, approvals) => replaceApprovals(sql, run, approvals),
    },
    start: (steps, start, id) => {
      const blueprint = { name: 'talk', version: '1', steps: steps.map((step) => blueprintStep(step, queue)) };
      const input = { blueprint, sha256: '', inputs: null };
      return rig.startWorkflow(BLUEPRINT, blueprintPlan(input), start ? [input, start] : [input], id);
    },
    events: async (id) => (await fetchHistory(client, id)) ?? [],
    serveWorkflows: () => serveWorkflows(rig, address),
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
      await rig.stop();
    },
  };
}

function blueprintStep({ says = [], undo_says, ...step }: TalkingStep, queue: string): BlueprintStep {
  const inputs = { says, ...(undo_says ? { undo_says } : {}) } as unknown as Json;
  return { task_type: 'answer', queue, max_retries: 0, heartbeat_ms: 30_000, ...step, inputs };
}

let bundle: Promise<WorkflowBundle> | undefined;

async function serveWorkflows({ taskQueue, sql }: Rig, address: string): Promise<{ stop(): Promise<void> }> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../../src/workflows/index.ts', import.meta.url)),
    payloadConverterPath: fileURLToPath(new URL('../../../src/contracts/payload-converter.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundle,
    dataConverter: DATA_CONVERTER,
    activities: { ...createLedgerActivities({ sql }) },
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '1s',
  });
  const running = worker.run();
  const stop = async (): Promise<void> => {
    worker.shutdown();
    await running;
    await connection.close();
  };
  return { stop };
}

async function answer({ inputs, resume, step_name }: ExternalStepInput): Promise<unknown> {
  const { says } = inputs as unknown as Inputs;
  const said = says[resume?.length ?? 0] ?? { status: 'SUCCESS', result: { step: step_name, resume: resume as unknown as Json } };
  return say(said);
}

async function takeBack({ inputs, undo }: ExternalStepInput): Promise<unknown> {
  const { undo_says } = inputs as unknown as Inputs;
  return say(undo_says ?? { status: 'SUCCESS', result: undo?.status ?? null });
}

interface Inputs {
  readonly says: readonly Said[];
  readonly undo_says?: Said;
}

async function say(said: Said): Promise<unknown> {
  const { gate, data_bytes, ...answered } = said as { readonly gate?: string; readonly data_bytes?: number };
  if (gate !== undefined) await until(() => existsSync(gate), 30_000);
  const data = data_bytes === undefined ? {} : { data: 'x'.repeat(data_bytes) };
  if ('fail' in said && typeof said.fail === 'string') throw ApplicationFailure.nonRetryable(said.fail, 'SCRIPTED');
  return 'raw' in said ? said.raw : { ...report(), ...answered, ...data };
}

function report(): { readonly worker_id: string; readonly attempt: number; readonly started_at: string } {
  const { attempt } = Context.current().info;
  return { worker_id: 'other', attempt, started_at: new Date().toISOString() };
}

/** Resolves once the run itself shows what is awaited. */
export async function shows(rig: ExternalRig, id: string, fits: (run: SagaRun) => boolean): Promise<SagaRun> {
  return until(
    async () => {
      const run = await rig.client.workflow.getHandle(id).query<SagaRun>('show');
      return fits(run) ? run : undefined;
    },
    20_000,
    `the awaited rows of ${id}`,
  );
}
