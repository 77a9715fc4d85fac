import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach } from 'vitest';
import { createTrainRung } from '../../src/activities/train-rung.ts';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import type { RungHeartbeat, TrainRungInput, TrainRungResult } from '../../src/contracts/train-rung.ts';
import { datasetSha256 } from '../../src/training/datasets/registry.ts';

// Words that the tests of rungs are written in.

const dataset_limit = { train: 200, validation: 100, test: 100 };
let dir: string;

beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'cerebros-rung-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A rung of three epochs of a small network on a part of the digits, with changes. */
export function rungInput(changes: Partial<TrainRungInput> = {}): TrainRungInput {
  return {
    protocol: 1,
    search_id: 'search',
    trial: 7,
    dataset_id: 'digits',
    dataset_sha256: datasetSha256('digits', dataset_limit),
    dataset_limit,
    dataset_files: null,
    params: { depth: 2, block1_op: 'conv', block1_width: 4, width: 16, dropout: 0.1, learning_rate: 0.005, batch_size: 32 },
    seed: 5,
    max_params: 100_000,
    fit: 'train',
    checkpoint: null,
    to_epoch: 3,
    final: false,
    ...changes,
  };
}

/** The folder of trial 7. */
export function trialDir(): string {
  return join(dir, 'runs', 'search', 'trials', '0007');
}

/** The folder of the winner. */
export function bestDir(): string {
  return join(dir, 'runs', 'search', 'best');
}

/** What an attempt begins with, and who listens to it. */
export interface AttemptOptions {
  /** Default 1. */
  readonly attempt?: number;
  /** What the attempt before has told Temporal last. */
  readonly lastHeartbeat?: RungHeartbeat | undefined;
  readonly onHeartbeat?: (heartbeat: RungHeartbeat, cancel: () => void) => void;
}

/** One attempt of the activity. */
export interface Attempt {
  readonly result: Promise<TrainRungResult>;
  readonly heartbeats: readonly RungHeartbeat[];
  /** What it logged as a warning. */
  readonly warnings: readonly string[];
  cancel(): void;
}

export function attempt(input: TrainRungInput, { attempt: number = 1, lastHeartbeat, onHeartbeat }: AttemptOptions = {}): Attempt {
  const heartbeats: RungHeartbeat[] = [];
  const warnings: string[] = [];
  const logger = new DefaultLogger('WARN', ({ message }) => void warnings.push(message));
  const environment = new MockActivityEnvironment({ attempt: number, heartbeatDetails: lastHeartbeat }, { logger });
  const cancel = () => environment.cancel();
  environment.on('heartbeat', (heartbeat: RungHeartbeat) => {
    heartbeats.push(heartbeat);
    onHeartbeat?.(heartbeat, cancel);
  });
  const { trainRung } = createTrainRung({ artifacts: new ArtifactStore(dir) });
  return { result: environment.run(trainRung, input), heartbeats, warnings, cancel };
}

/** Runs an attempt to its end. */
export function train(changes: Partial<TrainRungInput> = {}, options?: AttemptOptions): Promise<TrainRungResult> {
  return attempt(rungInput(changes), options).result;
}

/** The first rung of the trial: one epoch. */
export function firstRung(changes: Partial<TrainRungInput> = {}): Promise<TrainRungResult> {
  return train({ ...changes, to_epoch: 1 });
}

/** An attempt whose worker dies after an epoch: what it told Temporal last. */
export async function diedAfter(epoch: number, input: TrainRungInput): Promise<RungHeartbeat> {
  let last: RungHeartbeat | undefined;
  const died = attempt(input, {
    onHeartbeat: (heartbeat, cancel) => {
      if (last || heartbeat.checkpoint?.epoch !== epoch) return;
      last = heartbeat;
      cancel();
    },
  });
  await died.result.catch(() => undefined);
  if (!last) throw new Error(`expected a heartbeat with the checkpoint of epoch ${epoch}, got none`);
  // A cancelled attempt goes on for a batch, and may finish an epoch more; a dead one writes nothing.
  const late = readdirSync(trialDir()).filter((file) => Number(/^epoch-(\d+)/.exec(file)?.[1]) > epoch);
  for (const file of late) rmSync(join(trialDir(), file));
  return last;
}

/** The same but for what no training repeats: its times. */
export function withoutTimes({ epochs, ...result }: TrainRungResult): object {
  return { ...result, epochs: epochs.map(({ ms: _ms, ...record }) => record) };
}
