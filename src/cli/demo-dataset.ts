import { DATASET_BUILD, type DatasetBuildResult, type StageCounts } from '../contracts/dataset-build.ts';
import type { Json } from '../contracts/ledger.ts';
import { TRAINING_RUN, type TrainingRunResult } from '../contracts/training-run.ts';
import { serveDigits } from './demo/digit-source.ts';
import { EXPECTED, plantDigits } from './demo/planted-digits.ts';
import { runOne } from './demo/run-one.ts';
import { runDemo, say, type DemoStage } from './demo/with-stack.ts';

/** Test accuracy that a training on the dataset must reach. */
const ACCURACY = 0.93;

/** `npm run demo:dataset`: builds a dataset from a source with planted faults, checks every number, and trains on it. */
async function show(stage: DemoStage, manifest_url: string): Promise<void> {
  say('\n1. A dataset from a source over HTTP: MNIST digits, and among them what a source in the wild has.\n');
  const built = await build(stage, manifest_url);
  say(`\n${built.dataset_id}: ${built.images} images, sha256 ${built.sha256}, report ${built.report}`);
  say('\n2. A training on it.\n');
  const { result } = await runOne(stage, { kind: TRAINING_RUN, input: trainingOn(built.dataset_id) });
  const { test_accuracy } = result as unknown as TrainingRunResult;
  say(`test accuracy ${test_accuracy}`);
  if (!(test_accuracy >= ACCURACY)) throw new Error(`expected a test accuracy of at least ${ACCURACY}, got ${test_accuracy}`);
}

async function build(stage: DemoStage, manifest_url: string): Promise<DatasetBuildResult> {
  const input = {
    dataset: 'demo-digits',
    sources: [{ type: 'manifest', path: manifest_url }],
    download: { max_retries: 2 },
    pixels: { width: 28, height: 28, channels: 1 },
    description: 'Digits of MNIST as a local source serves them, with planted faults.',
    licence: 'CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)',
  };
  const { status, result } = await runOne(stage, { kind: DATASET_BUILD, input });
  if (status !== 'completed') throw new Error(`expected a completed build, got ${status}`);
  const built = result as unknown as DatasetBuildResult;
  compare(built);
  return built;
}

/** What came out of each stage, beside what was planted. */
function compare({ stages, images }: DatasetBuildResult): void {
  say('\nStage by stage, and what was planted:');
  const { images: expectedImages, ...expected } = EXPECTED;
  for (const [name, counts] of Object.entries(stages)) say(`  ${stageLine(name, counts)}`);
  for (const [name, reasons] of Object.entries(expected)) same(`${name} dropped`, stages[name]?.reasons, reasons);
  same('images', images, expectedImages);
  say('  each number is the planted one');
}

function stageLine(name: string, { in: came, out, dropped, reasons }: StageCounts): string {
  const why = Object.entries(reasons).map(([code, count]) => `${code} ${count}`);
  return `${name.padEnd(12)} in ${came}, out ${out}, dropped ${dropped}${why.length > 0 ? `: ${why.join(', ')}` : ''}`;
}

function same(what: string, got: unknown, expected: unknown): void {
  const sorted = (value: unknown): string => JSON.stringify(value, isRecord(value) ? Object.keys(value).toSorted() : undefined);
  if (sorted(got) !== sorted(expected)) throw new Error(`${what}: expected ${sorted(expected)} as planted, got ${sorted(got)}`);
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function trainingOn(dataset_name: string): Json {
  return { model_name: 'cnn-small', dataset_name, config: { epochs: 8 }, seed: 1 };
}

say('Making the images …');
const source = await serveDigits(await plantDigits());
await runDemo({
  name: 'demo-dataset',
  env: { CEREBROS_DATASET_ALLOW: source.host },
  show: (stage) => show(stage, source.manifest_url),
});
await source.close();
