import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { TrainingRunInput, TrainingRunResult } from '../../src/contracts/training-run.ts';
import type { DevStack } from './cli.ts';
import { until } from './until.ts';

// Words that the tests of whole training runs are written in.

type Config = NonNullable<TrainingRunInput['config']>;

/** A training on a part of MNIST; an epoch takes about half a second for 10,000 images. */
export function mnist(config: Config, more: Partial<TrainingRunInput> = {}): string {
  const { train = 10_000 } = config.dataset_limit ?? {};
  const dataset_limit = { train, validation: 500, test: 500 };
  return JSON.stringify({
    model_name: 'mlp',
    dataset_name: 'mnist',
    checkpoint_interval: 1,
    seed: 7,
    ...more,
    config: { batch_size: 128, ...config, dataset_limit },
  });
}

/** A training on the digits: less than two seconds, all in all. */
export function digits(more: Partial<TrainingRunInput> = {}): string {
  const config = { epochs: 20, batch_size: 32, learning_rate: 0.005 };
  return JSON.stringify({ model_name: 'mlp-small', dataset_name: 'digits', checkpoint_interval: 5, seed: 7, config, ...more });
}

/** Starts a training run, does not wait. */
export async function startTraining(stack: DevStack, id: string, input: string): Promise<void> {
  await stack.ask(['start', 'training-run', '--input', '-', '--id', id], { input });
}

/** Starts a training run and waits for its end. */
export function trained(stack: DevStack, id: string, input: string, code = 0): Promise<SagaRun> {
  return stack.ask<SagaRun>(['start', 'training-run', '--input', '-', '--id', id, '--wait'], { input, code });
}

export function show(stack: DevStack, id: string): Promise<SagaRun> {
  return stack.ask<SagaRun>(['show', id]);
}

/** Resolves once the run has closed, by Temporal's word. */
export async function closed(stack: DevStack, id: string): Promise<SagaRun> {
  await until(async () => (await stack.client.workflow.getHandle(id).describe()).status.name !== 'RUNNING', 60_000, `the end of ${id}`);
  return show(stack, id);
}

export function resultOf(run: SagaRun): TrainingRunResult {
  if (run.status !== 'completed') throw new Error(`expected ${run.id} to be completed, it is ${run.status}`);
  return run.result as unknown as TrainingRunResult;
}

/** The run's folder in the artifact store. */
export function runDir(stack: DevStack, id: string): string {
  return join(stack.dataDir, 'artifacts', 'runs', id);
}

/** Resolves once the checkpoint of this epoch is on the disk. */
export async function checkpointOf(stack: DevStack, id: string, epoch: number): Promise<void> {
  await until(() => existsSync(join(runDir(stack, id), `epoch-${epoch}.ckpt`)), 60_000, `the checkpoint of epoch ${epoch} of ${id}`);
}

/** The files of the artifact store, relative to it. */
export function artifacts(stack: DevStack): string[] {
  const dir = join(stack.dataDir, 'artifacts');
  if (!existsSync(dir)) return [];
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}

/** What Temporal says of the run's job. */
export interface Job {
  readonly status: string;
  readonly runId: string;
  readonly events: number;
  /** Activities and workflow tasks that are under way. */
  readonly pending: number;
}

export async function jobOf(client: Client, id: string): Promise<Job> {
  const { status, runId, historyLength, raw } = await client.workflow.getHandle(`${id}.train`).describe();
  const pending = (raw.pendingActivities?.length ?? 0) + (raw.pendingWorkflowTask ? 1 : 0);
  return { status: status.name, runId, events: historyLength, pending };
}

/** Resolves once the run's job has got its pause and has come to rest. */
export async function jobAtRest({ client }: DevStack, id: string): Promise<Job> {
  const told = async (): Promise<boolean> => {
    const { events } = await client.workflow.getHandle(`${id}.train`).fetchHistory();
    return events?.some((event) => event.workflowExecutionSignaledEventAttributes) ?? false;
  };
  await until(told, 20_000, `the pause signal of ${id}.train`);
  return until(async () => [await jobOf(client, id)].find((job) => job.pending === 0), 20_000, `the rest of ${id}.train`);
}
