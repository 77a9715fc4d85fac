import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import sharp from 'sharp';
import { workerEnv } from '../dist/cli/dev/worker-env.js';
import { table } from '../dist/cli/text/table.js';
import { connect } from '../dist/client/connect.js';
import { startSaga } from '../dist/client/start.js';
import { waitClosed } from '../dist/client/wait.js';
import { resolveConnections } from '../dist/config.js';
import { datasetBuildInputSchema } from '../dist/contracts/dataset-build-schema.js';
import { inspectImage } from '../dist/datasets/images/inspect.js';
import { startStack } from '../dist/stack/stack.js';
import { loadDataset } from '../dist/training/datasets/registry.js';

/** `npm run bench:dataset [-- IMAGES]`: a build of 50,000 digits in a folder, against the same reading, hashing and decoding in a loop. */
const IMAGES = Number(process.argv[2] ?? 50_000);
const MAIN = new URL('../dist/cli/main.js', import.meta.url).pathname;
/** As many as a batch decodes, times the batches under way on this machine. */
const AT_A_TIME = 2 * Math.min(4, cpus().length);

const dir = mkdtempSync(join(tmpdir(), 'cerebros-bench-'));
chmodSync(dir, 0o755);
try {
  await drawDigits(join(dir, 'images'));
  const loop = await bareLoop(join(dir, 'images'));
  print(loop, await build(join(dir, 'images')));
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** MNIST has 70,000; each is a file of its own, so that nothing is a duplicate by accident but what MNIST itself holds. */
async function drawDigits(folder) {
  const { splits } = loadDataset('mnist');
  const pixels = new Float32Array(784);
  let at = 0;
  for (const split of Object.values(splits)) {
    for (let index = 0; index < split.count && at < IMAGES; index += 1, at += 1) {
      split.copyPixels(pixels, () => index);
      const place = join(folder, String(split.labels[index]));
      mkdirSync(place, { recursive: true });
      const grey = Buffer.from(Uint8Array.from(pixels, (ink) => Math.round(ink * 255)));
      writeFileSync(
        join(place, `${at}.png`),
        await sharp(grey, { raw: { width: 28, height: 28, channels: 1 } })
          .png()
          .toBuffer(),
      );
    }
  }
}

async function bareLoop(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const { validate } = datasetBuildInputSchema.parse({ dataset: 'bench', sources: [{ type: 'folder', path: folder }] });
  const queue = files.values();
  const began = performance.now();
  const work = async () => {
    for (const { parentPath, name } of queue) {
      const bytes = await readFile(join(parentPath, name));
      createHash('sha256').update(bytes).digest('hex');
      await inspectImage(bytes, validate);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { seconds: (performance.now() - began) / 1000 };
}

async function build(folder) {
  const log = () => undefined;
  const stack = await startStack({ data_dir: join(dir, 'data'), port: 'auto', ui_port: 'auto', ledger_port: 'auto' }, { log });
  const env = { ...workerEnv(process.env, stack), CEREBROS_DATASET_ROOTS: folder };
  const worker = spawn(process.execPath, [MAIN, 'worker', '-o', 'text'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const { temporal_address: address, database_url, data_dir } = stack;
  const cerebros = connect({ connections: resolveConnections({ address, database_url, data_dir }, {}) });
  try {
    const input = { dataset: 'bench', sources: [{ type: 'folder', path: folder }] };
    const { execution_id: id } = await startSaga(cerebros, { kind: 'dataset-build', input, id: 'bench' });
    const run = await waitClosed(cerebros, id);
    if (run.status !== 'completed') throw new Error(`expected a completed build, got ${run.status}: ${JSON.stringify(run.error)}`);
    return { run, events: await eventsOf(cerebros, [id, `${id}.download`, `${id}.validate`]), peakMiB: peakMiB(worker.pid) };
  } finally {
    await cerebros.close();
    worker.kill('SIGTERM');
    if (worker.exitCode === null) await once(worker, 'exit');
    await stack.stop();
  }
}

async function eventsOf(cerebros, ids) {
  const client = await cerebros.temporal();
  const lengths = ids.map(async (id) => [id, (await client.workflow.getHandle(id).describe()).historyLength]);
  return Object.fromEntries(await Promise.all(lengths));
}

/** Most memory that the worker ever had. */
function peakMiB(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function print(loop, { run, events, peakMiB: peak }) {
  const seconds = (step) => (Date.parse(step.completed_at) - Date.parse(step.started_at ?? step.queued_at)) / 1000;
  const all = (Date.parse(run.completed_at) - Date.parse(run.started_at)) / 1000;
  const rows = run.steps.map((step) => [step.step_name, seconds(step).toFixed(1), (IMAGES / seconds(step)).toFixed(0)]);
  const slowest = run.steps.toSorted((one, other) => seconds(other) - seconds(one))[0].step_name;
  const text = table([
    ['STAGE', 'SECONDS', 'IMAGES/S'],
    ...rows,
    ['the build', all.toFixed(1), (IMAGES / all).toFixed(0)],
    ['a bare loop', loop.seconds.toFixed(1), (IMAGES / loop.seconds).toFixed(0)],
  ]);
  process.stdout.write(`\n${IMAGES} images of MNIST (${cpus().length} cores)\n${text}\n`);
  process.stdout.write(
    `the build takes ${(all / loop.seconds).toFixed(2)}× a bare loop of reading, hashing and decoding; its slowest stage is ${slowest}\n`,
  );
  process.stdout.write(
    `events: ${Object.entries(events)
      .map(([id, count]) => `${id} ${count}`)
      .join(', ')}; the worker had ${peak.toFixed(0)} MiB at most\n`,
  );
}
