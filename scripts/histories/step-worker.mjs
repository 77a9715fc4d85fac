// The worker of the recorded blueprints: a step answers what its inputs say.
import { ApplicationFailure, Context } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import { DATA_CONVERTER } from '../../dist/data-converter.js';

const QUEUE = 'recorded';
const STEP = { task_type: 'answer', queue: QUEUE, max_retries: 0 };

/** What a step says: it sleeps, asks, fails; after the last it succeeds, with `resume`. */
export const sleeps = (duration_ms) => ({ status: 'SLEEP', duration_ms, data: { cursor: 7 } });
export const asks = (more) => ({ status: 'APPROVAL', approval_type: 'publish', data: { rows: 12 }, timeout_ms: 3_600_000, ...more });
export const fails = (code) => ({ fail: code });
export const adds = (...steps) => ({ status: 'SUCCESS', result: steps.length, steps });

/** A step that says one thing a call, and has an undo. */
export function step(name, says = [], needs = []) {
  return { ...STEP, name, needs, undo: { task_type: 'takeBack' }, inputs: { says } };
}

/** The same as a step that another one adds. */
export function added(name, needs) {
  const { task_type, max_retries } = STEP;
  return { name, needs, task_type, max_retries, inputs: { says: [] } };
}

/** Serves the steps until stopped. */
export async function serveSteps(connection) {
  const activities = { answer, takeBack: () => reported({ status: 'SUCCESS', result: null }) };
  const worker = await Worker.create({ connection, taskQueue: QUEUE, activities, dataConverter: DATA_CONVERTER, shutdownGraceTime: '1s' });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
  };
}

async function answer({ inputs, resume }) {
  const said = inputs.says[resume?.length ?? 0] ?? { status: 'SUCCESS', result: resume };
  if (said.fail) throw ApplicationFailure.nonRetryable('on purpose', said.fail);
  return reported(said);
}

function reported(said) {
  return { worker_id: 'recorder', attempt: Context.current().info.attempt, started_at: new Date().toISOString(), ...said };
}
