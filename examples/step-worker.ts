/**
 * Serves the steps of blueprint-report.yaml by the protocol of docs/step-workers.md. Build once (`npm run build`), start a stack
 * (`npx cerebros dev`), then run `node dist/examples/step-worker.js`.
 */
import { hostname } from 'node:os';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ExternalApproval, ExternalReport, ExternalSleep, ExternalStepInput, ExternalSuccess, Json } from 'cerebros';
import { DATA_CONVERTER } from 'cerebros/worker';

type Bare<T> = Omit<T, keyof ExternalReport>;
type Answer = Bare<ExternalSuccess> | Bare<ExternalSleep> | Bare<ExternalApproval>;
type Step = (input: ExternalStepInput) => Answer | Promise<Answer>;

/** By run: what was published. */
const published = new Map<string, Json>();

/** Reads what the run was started with. */
const extract: Step = ({ inputs }) => ({ status: 'SUCCESS', result: inputs });

/** Sleeps for late rows: called a first time, it asks for that; called again, it finds what it had when it fell asleep. */
const transform: Step = ({ needs, resume }) => {
  const [slept] = resume ?? [];
  if (!slept) return { status: 'SLEEP', duration_ms: 2000, data: needs['extract'] ?? null };
  if (slept.kind !== 'sleep') throw ApplicationFailure.nonRetryable(`expected a sleep, got ${slept.kind}`, 'RESUME_MISMATCH');
  const { table, rows } = slept.data as { readonly table: string; readonly rows: readonly number[] };
  return { status: 'SUCCESS', result: { table, sum: rows.reduce((sum, row) => sum + row, 0) } };
};

/** Publishes once somebody has said yes. */
const load: Step = ({ execution_id, needs, resume }) => {
  const report = needs['transform'] ?? null;
  const [answered] = resume ?? [];
  if (!answered) return { status: 'APPROVAL', approval_type: 'publish', data: report, timeout_ms: 86_400_000 };
  if (answered.kind !== 'approval') throw ApplicationFailure.nonRetryable(`expected an approval, got ${answered.kind}`, 'RESUME_MISMATCH');
  const { decision, by, comment } = answered.decision;
  if (decision === 'rejected') throw ApplicationFailure.nonRetryable(`rejected by ${by ?? 'nobody in time'}: ${comment ?? ''}`, 'REJECTED');
  published.set(execution_id, report);
  return { status: 'SUCCESS', result: { published: report, approved_by: by } };
};

/** Takes `load` back; also when nothing was published. */
const unload: Step = ({ execution_id }) => ({ status: 'SUCCESS', result: published.delete(execution_id) });

/** Adds to an answer who gave it, and tells Temporal meanwhile that this worker is alive. */
function serve(step: Step) {
  return async (input: ExternalStepInput): Promise<Answer & ExternalReport> => {
    const context = Context.current();
    const { attempt, heartbeatTimeoutMs = 10_000 } = context.info;
    const report = { worker_id: `${process.pid}@${hostname()}`, attempt, started_at: new Date().toISOString() };
    const pulse = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / 3);
    try {
      return { ...(await step(input)), ...report };
    } finally {
      clearInterval(pulse);
    }
  };
}

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233' }),
  taskQueue: 'reports',
  activities: { extract: serve(extract), transform: serve(transform), load: serve(load), unload: serve(unload) },
  dataConverter: DATA_CONVERTER,
});
await worker.run();
