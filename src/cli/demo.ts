import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SagaRun } from '../contracts/ledger.ts';
import { TRAINING_RUN, type TrainingRunResult } from '../contracts/training-run.ts';
import { runOne } from './demo/run-one.ts';
import { runDemo, say, type DemoStage } from './demo/with-stack.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** `npm run demo`: one training that completes, one that fails late and is undone. */
async function show(stage: DemoStage): Promise<void> {
  say('1. A training run: a real model on the 60,000 images of MNIST, as a saga of six steps.\n');
  const { status, result } = await runExample(stage, 'training-run.json');
  const { test_accuracy, model_sha256 } = result as unknown as TrainingRunResult;
  if (status === 'completed') say(`test accuracy ${test_accuracy} on the 10,000 test images, model sha256 ${model_sha256}`);
  say('\n2. A drill: its collect_results fails after its work, so everything is undone, the last step first.\n');
  await runExample(stage, 'training-run-drill.json');
}

function runExample(stage: DemoStage, example: string): Promise<SagaRun> {
  const input: unknown = JSON.parse(readFileSync(join(EXAMPLES, example), 'utf8'));
  return runOne(stage, { kind: TRAINING_RUN, input, base_dir: EXAMPLES });
}

await runDemo({ name: 'demo', show });
