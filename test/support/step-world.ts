import { ApplicationFailure, Context } from '@temporalio/activity';
import type { PayloadCodec } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { fetchHistory } from '../../src/client/histories.ts';
import { showRun } from '../../src/client/show.ts';
import { startSaga } from '../../src/client/start.ts';
import { verifyRun, type Verdict } from '../../src/client/verify.ts';
import { waitClosed } from '../../src/client/wait.ts';
import { resolveConnections } from '../../src/config.ts';
import type { Blueprint, BlueprintStep } from '../../src/contracts/blueprint.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { ApprovalRow, ExternalStepInput } from '../../src/contracts/step-protocol.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { listApprovalsOfRun } from '../../src/ledger/queries/list-approvals-of-run.ts';
import { startDev, type DevStack } from './cli.ts';
import { until } from './until.ts';

// Cerebros as a user has it, and a step worker in this process that answers what a test tells it to.

/** What a step answers to one call: fields of an answer, beside who gave it; or a function that answers them, throws, or takes its time. */
export type Answer = object | ((input: ExternalStepInput) => unknown);

/** By step: its answers to its first call, the one after its first suspension … ; behind the last it succeeds, with `resume`. By `undo STEP`: its undo's. */
export type Script = Readonly<Record<string, readonly Answer[]>>;

export interface StepWorld {
  readonly stack: DevStack;
  readonly cerebros: Cerebros;
  /** Tells the worker what the steps of a run answer that is started elsewhere. */
  script(id: string, script: Script): void;
  /** What the worker was called with, of a run, in order; its undos among them. */
  callsOf(id: string): readonly ExternalStepInput[];
  /** Starts a run of these steps, in the name of `as` if given. */
  start(id: string, steps: readonly BlueprintStep[], script: Script, as?: string): Promise<void>;
  show(id: string): Promise<SagaRun>;
  /** Waits until the run shows so. */
  shows(id: string, fits: (run: SagaRun) => boolean): Promise<SagaRun>;
  /** Waits at most 30 s for the end of a run. */
  closed(id: string): Promise<SagaRun>;
  approvalsOf(id: string): Promise<readonly ApprovalRow[]>;
  /** What `ledger verify` says of a run, its approvals included. */
  verify(id: string): Promise<Verdict>;
  stop(): Promise<void>;
}

/** The queue of the worker. */
export const QUEUE = 'scripted';

/** A step of the worker, with an undo, that is not retried. */
export function scripted(name: string, more: Partial<BlueprintStep> = {}): BlueprintStep {
  return { name, task_type: 'answer', queue: QUEUE, max_retries: 0, heartbeat_ms: 60_000, undo: { task_type: 'takeBack' }, ...more };
}

/** A payload with this text in it, whatever it is. */
export function bytes(text: string): Answer {
  return () => ({ payload_text: text });
}

export function fails(code: string, message = 'on purpose'): Answer {
  return () => {
    throw ApplicationFailure.nonRetryable(message, code);
  };
}

/** A door that steps wait at until the test opens it. */
export function door(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

export async function startStepWorld(): Promise<StepWorld> {
  const stack = await startDev();
  const cerebros = connect({ connections: resolveConnections({ data_dir: stack.dataDir }, {}) });
  const scripts = new Map<string, Script>();
  const calls = new Map<string, ExternalStepInput[]>();
  const stopWorker = await serveSteps(stack, scripts, calls);
  const show = (id: string): Promise<SagaRun> => showRun(cerebros, id);
  const { client, sql } = stack;
  return {
    stack,
    cerebros,
    script: (id, script) => void scripts.set(id, script),
    callsOf: (id) => calls.get(id) ?? [],
    start: async (id, steps, script, as) => {
      scripts.set(id, script);
      const blueprint: Blueprint = { name: 'scripted', version: '1', steps };
      await startSaga(cerebros, { kind: 'blueprint', id, input: { blueprint }, as });
    },
    show,
    shows: (id, fits) => until(async () => [await show(id)].find(fits), 30_000, `the awaited rows of ${id}`),
    closed: (id) => waitClosed(cerebros, id, { timeout_ms: 30_000 }),
    approvalsOf: (id) => listApprovalsOfRun(sql, id),
    verify: (id) =>
      verifyRun(
        {
          fetchHistory: (of, runId) => fetchHistory(client, of, runId),
          readRun: (of) => getRun(sql, of),
          readApprovals: (of) => listApprovalsOfRun(sql, of),
        },
        id,
      ),
    stop: async () => {
      await stopWorker();
      await cerebros.close();
      await stack.stop();
    },
  };
}

type Calls = Map<string, ExternalStepInput[]>;

async function serveSteps(stack: DevStack, scripts: ReadonlyMap<string, Script>, calls: Calls): Promise<() => Promise<void>> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const called = (input: ExternalStepInput): void => void calls.set(input.execution_id, [...(calls.get(input.execution_id) ?? []), input]);
  const activities = {
    answer: async (input: ExternalStepInput): Promise<unknown> => {
      called(input);
      const { execution_id, step_name, resume } = input;
      return reported(await said(scripts.get(execution_id)?.[step_name]?.[resume?.length ?? 0], input, resume));
    },
    takeBack: async (input: ExternalStepInput): Promise<unknown> => {
      called(input);
      const { execution_id, step_name } = input;
      return reported(await said(scripts.get(execution_id)?.[`undo ${step_name}`]?.[0], input, null));
    },
  };
  const connection = await NativeConnection.connect({ address: stack.stackFile().temporal_address });
  // Our own converter would refuse what this worker is to send.
  const dataConverter = { payloadCodecs: [AS_TOLD] };
  const worker = await Worker.create({ connection, taskQueue: QUEUE, activities, dataConverter, shutdownGraceTime: '100ms' });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

/** What the test answers; a worker that stops does not wait for it. */
async function said(answer: Answer | undefined, input: ExternalStepInput, result: unknown): Promise<unknown> {
  if (answer === undefined) return { status: 'SUCCESS', result };
  const answered = typeof answer === 'function' ? (answer as (input: ExternalStepInput) => unknown)(input) : answer;
  return Promise.race([answered, Context.current().cancelled]);
}

/** Adds who answers, unless the answer says so itself, or is none. */
function reported(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer) || 'payload_text' in answer) return answer;
  return { worker_id: 'scripted', attempt: Context.current().info.attempt, started_at: new Date().toISOString(), ...answer };
}

/** Sends the text of `bytes` as it is. */
const AS_TOLD: PayloadCodec = {
  encode: async (payloads) =>
    payloads.map((payload) => {
      const text = Buffer.from(payload.data ?? []).toString();
      if (!text.startsWith('{"payload_text":')) return payload;
      const told = JSON.parse(text) as { readonly payload_text: string };
      return { ...payload, data: Buffer.from(told.payload_text) };
    }),
  decode: async (payloads) => payloads,
};
