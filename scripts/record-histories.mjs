// Records one history of every kind and ending into test/replay/histories, on a stack of its own.
//
//   npm run build && node scripts/record-histories.mjs
//
// Run it when a change of the workflow code is meant to change histories, and after a new kind or ending; it takes about a minute.
// What is recorded was started by the commands a user has. `npm run test:replay` replays all of it against the built workflows.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '../dist/client/connect.js';
import { historyJson } from '../dist/client/histories.js';
import { resolveConnections } from '../dist/config.js';
import { readStackFile } from '../dist/stack/stack-file.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARGET = join(ROOT, 'test', 'replay', 'histories');
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');
const WAIT_MS = 60_000;

const proof = (...steps) => ({ steps, inputs: { message: 'recorded' } });
const digits = { model_name: 'mlp-small', dataset_name: 'digits', config: { epochs: 4, batch_size: 32 }, checkpoint_interval: 2, seed: 7 };
const drill = { ...digits, drill: 'fail_collect_results' };
const long = {
  ...digits,
  model_name: 'mlp',
  dataset_name: 'mnist',
  checkpoint_interval: 1,
  config: { epochs: 500, dataset_limit: { train: 10_000, validation: 500, test: 500 } },
};
const short = { ...long, config: { ...long.config, epochs: 4 } };

/** What is recorded: how each run is brought to its end, by the name of its file, which is its id too. */
const RECIPES = {
  'proof-completed': (id) => start('proof', id, proof('echo', 'echo', 'echo')),
  'proof-rolled-back': (id) => start('proof', id, proof('echo', 'echo', 'fail')),
  'proof-started-at': (id) => start('proof', id, proof('echo', 'echo'), '--at', new Date(Date.now() + 8000).toISOString()),
  'training-run-completed': (id) => start('training-run', id, digits),
  'training-run-rolled-back': (id) => start('training-run', id, drill),
  'training-run-halted': (id) => start('training-run', id, drill, '--on-failure', 'halt'),
  'training-run-recovered': async (id) => {
    await start('training-run', id, drill, '--on-failure', 'halt');
    await cerebros(['recover', id, '--from-step', 'collect_results', '--wait']);
  },
  'training-run-rollback-of-halted': async (id) => {
    await start('training-run', id, drill, '--on-failure', 'halt');
    await cerebros(['rollback', id]);
  },
  'training-run-cancelled': async (id) => {
    await startAndTrain(id, long);
    await cerebros(['cancel', id]);
    await closed(id);
  },
  'training-run-cancelled-after-step': async (id) => {
    await startAndTrain(id, short);
    await cerebros(['cancel', id, '--after-step']);
    await closed(id);
  },
  'training-run-paused-and-resumed': async (id) => {
    await startAndTrain(id, short);
    await cerebros(['pause', id]);
    await until(async () => ((await describe(`${id}.train`)).raw.pendingActivities ?? []).length === 0, `the pause of ${id}`);
    await cerebros(['resume', id]);
    await closed(id);
  },
  'training-run-rollback-of-terminated': async (id) => {
    await startAndTrain(id, long);
    await client.workflow.getHandle(id).terminate('recorded');
    await closed(id);
    await cerebros(['rollback', id]);
  },
};

/** Jobs of the runs above. */
const JOBS = {
  'training-job-completed': 'training-run-completed',
  'training-job-paused-and-resumed': 'training-run-paused-and-resumed',
  'training-job-cancelled': 'training-run-cancelled',
};

const dataDir = mkdtempSync('/var/tmp/cerebros-record-');
chmodSync(dataDir, 0o755);
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TEMPORAL_|CEREBROS_|DATABASE_URL$)/.test(name)));
env.CEREBROS_DATA_DIR = dataDir;
const ports = ['--port', '--ui-port', '--ledger-port', '--web-port'].flatMap((flag) => [flag, 'auto']);
const dev = spawn(process.execPath, [MAIN, 'dev', '--data-dir', dataDir, ...ports], { env, stdio: ['ignore', 'ignore', 'inherit'] });
const devEnded = new Promise((resolve) => dev.once('exit', resolve));
let client;
try {
  await until(() => readStackFile(dataDir) !== null || dev.exitCode !== null, 'the stack');
  const stack = connect({ connections: resolveConnections({ data_dir: dataDir }, {}) });
  client = await stack.temporal();
  const recorded = new Map();
  for (const [id, play] of Object.entries(RECIPES)) {
    await play(id);
    recorded.set(id, await historyJson(client, id));
  }
  for (const [name, run] of Object.entries(JOBS)) recorded.set(name, await historyJson(client, `${run}.train`));
  await stack.close();
  replaceAll(recorded);
} finally {
  dev.kill('SIGTERM');
  await devEnded;
  rmSync(dataDir, { recursive: true, force: true });
}

/** Only when all of it is there: half a set would look like a whole one. */
function replaceAll(recorded) {
  mkdirSync(TARGET, { recursive: true });
  for (const file of readdirSync(TARGET)) if (file.endsWith('.json') && !recorded.has(file.slice(0, -5))) rmSync(join(TARGET, file));
  // Stack traces name files; where this checkout lies is nobody's business.
  const plain = (json) => json.replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, '');
  for (const [name, json] of recorded) writeFileSync(join(TARGET, `${name}.json`), `${plain(json)}\n`);
  process.stdout.write(`${recorded.size} histories in ${TARGET}\n`);
}

/** Starts a run and waits for its end, however it ends. */
async function start(kind, id, input, ...flags) {
  await cerebros(['start', kind, '--input', '-', '--id', id, '--wait', ...flags], input, [0, 1]);
}

/** Starts a training and waits until its first checkpoint is there. */
async function startAndTrain(id, input) {
  await cerebros(['start', 'training-run', '--input', '-', '--id', id], input);
  await until(() => existsSync(join(dataDir, 'artifacts', 'runs', id, 'epoch-1.ckpt')), `the first checkpoint of ${id}`);
}

async function cerebros(args, input, codes = [0]) {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(input === undefined ? '' : JSON.stringify(input));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (!codes.includes(code)) throw new Error(`cerebros ${args.join(' ')} ended with ${code}`);
}

async function closed(id) {
  await until(async () => (await describe(id)).status.name !== 'RUNNING', `the end of ${id}`);
}

function describe(id) {
  return client.workflow.getHandle(id).describe();
}

async function until(check, what) {
  const deadline = Date.now() + WAIT_MS;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${WAIT_MS} ms`);
    await pause(50);
  }
}
