// Records one history of every kind and ending into test/replay/histories, on a stack of its own.
//
//   npm run build && node scripts/record-histories.mjs [nas-]
//
// With the beginning of a name it records only what begins so, and leaves the others as they are.
// Run it when a change of the workflow code is meant to change histories, and after a new kind or ending; it takes two minutes, and Java
// with Maven for what sleeps for days.
// What is recorded was started by the commands a user has. `npm run test:replay` replays all of it against the built workflows.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { connect } from '../dist/client/connect.js';
import { historyJson } from '../dist/client/histories.js';
import { resolveConnections } from '../dist/config.js';
import { readStackFile } from '../dist/stack/stack-file.js';
import { blueprintRecipes } from './histories/blueprints.mjs';
import { DATASET_CHILDREN, datasetRecipes, openImageSource } from './histories/datasets.mjs';
import { jobRecipes } from './histories/jobs.mjs';
import { recordLongSleep } from './histories/long-sleep.mjs';
import { checkCloudRecipes } from './histories/check-cloud.mjs';
import { openCloud, provisionRecipes } from './histories/provision.mjs';
import { serveSteps } from './histories/step-worker.mjs';

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

const search = {
  dataset_id: 'digits',
  objective: 'accuracy',
  dataset_limit: { train: 400, validation: 200, test: 200 },
  epochs: 3,
  seed: 3,
  search_space: { width: { type: 'int', low: 16, high: 64 }, learning_rate: { type: 'float', low: 0.0005, high: 0.03, log: true } },
  budget: { max_trials: 4 },
};
const longSearch = { ...search, epochs: 100, scheduler: 'none', dataset_limit: undefined };

/** What is recorded: how each run is brought to its end, by the name of its file, which is its id too. One that was elsewhere answers its history. */
const RECIPES = {
  'blueprint-slept-three-days': async (id) => recordLongSleep(id, await stack.ledger()),
  ...blueprintRecipes({ cerebros, closed, reaches }),
  ...jobRecipes({ cerebros, closed, reaches, start }),
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
    await idle(`${id}.train`);
    await cerebros(['resume', id]);
    await closed(id);
  },
  'training-run-rollback-of-terminated': async (id) => {
    await startAndTrain(id, long);
    await client.workflow.getHandle(id).terminate('recorded');
    await closed(id);
    await cerebros(['rollback', id]);
  },
  'nas-search-completed': (id) => start('nas-search', id, search),
  'nas-search-rolled-back': (id) => start('nas-search', id, { ...search, budget: { max_trials: 1 }, drill: { crash_trials: [0] } }),
  'nas-search-halted': (id) => haltSearch(id),
  'nas-search-recovered': async (id) => {
    await haltSearch(id);
    await cerebros(['recover', id, '--from-step', 'execute_nas_run', '--wait']);
  },
  'nas-search-cancelled': async (id) => {
    await startSearch(id, { ...longSearch, epochs: 1000 }, '0000');
    await cerebros(['cancel', id]);
    await closed(id);
  },
  'nas-search-edited': async (id) => {
    // In deterministic mode a result may have to wait for others; and a search that is stopped needs one.
    await startSearch(id, { ...longSearch, epochs: 20, parallel_mode: 'async', budget: { max_trials: 500 } }, '0002');
    await cerebros(['study', 'extend', id, '--max-trials', '400']);
    await cerebros(['study', 'parallel', id, '1']);
    await cerebros(['study', 'enqueue', id, '--params', '-'], { width: 32, learning_rate: 0.004 });
    await cerebros(['study', 'stop', id]);
    await closed(id);
  },
  'nas-search-worker-lost': async (id) => {
    await startSearch(id, { ...longSearch, budget: { max_trials: 1 } }, '0000');
    process.kill(readStackFile(dataDir).pids.worker, 'SIGKILL');
    await closed(id);
  },
};

/** Workflows that the runs above started, by their ids. */
const CHILDREN = {
  'training-job-completed': 'training-run-completed.train',
  'training-job-paused-and-resumed': 'training-run-paused-and-resumed.train',
  'training-job-cancelled': 'training-run-cancelled.train',
  'nas-run-completed': 'nas-search-completed.run',
  'nas-study-completed': 'nas-search-completed.study',
  'nas-trial-completed': 'nas-search-completed.t0000',
  'nas-run-rolled-back': 'nas-search-rolled-back.run',
  'nas-study-failed': 'nas-search-rolled-back.study',
  'nas-trial-crashed': 'nas-search-rolled-back.t0000',
  'nas-run-halted': 'nas-search-halted.run',
  'nas-study-halted': 'nas-search-halted.study',
  'nas-study-recovered': 'nas-search-recovered.study',
  'nas-run-cancelled': 'nas-search-cancelled.run',
  'nas-study-cancelled': 'nas-search-cancelled.study',
  'nas-trial-cancelled': 'nas-search-cancelled.t0000',
  'nas-study-edited': 'nas-search-edited.study',
  'nas-trial-worker-lost': 'nas-search-worker-lost.t0000',
  ...DATASET_CHILDREN,
};
const ONLY = process.argv[2] ?? '';

const dataDir = mkdtempSync('/var/tmp/cerebros-record-');
chmodSync(dataDir, 0o755);
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TEMPORAL_|CEREBROS_|DATABASE_URL$)/.test(name)));
env.CEREBROS_DATA_DIR = dataDir;
// Recipes roll back what they terminate.
env.CEREBROS_RECONCILE_EVERY_MS = '0';
env.CEREBROS_DRIFT_EVERY_MS = '0';
const source = await openImageSource(dataDir);
Object.assign(env, source.env);
const cloud = await openCloud();
Object.assign(env, cloud.env);
const history = (id) => historyJson(client, id);
const cancel = (id) => client.workflow.getHandle(id).cancel();
Object.assign(RECIPES, checkCloudRecipes({ cerebros, history, cancel, until, cloud }));
Object.assign(RECIPES, provisionRecipes({ cerebros, closed, reaches, start, until, cloud }));
Object.assign(RECIPES, datasetRecipes({ cerebros, closed, idle, start, source, dir: dataDir }));
const ports = ['--port', '--ui-port', '--ledger-port', '--web-port'].flatMap((flag) => [flag, 'auto']);
const dev = spawn(process.execPath, [MAIN, 'dev', '--data-dir', dataDir, ...ports], { env, stdio: ['ignore', 'ignore', 'inherit'] });
const devEnded = new Promise((resolve) => dev.once('exit', resolve));
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  shutdownSignals: [],
  telemetryOptions: { logging: { filter: 'error', forward: {} } },
});
let client;
let stack;
try {
  await until(() => readStackFile(dataDir) !== null || dev.exitCode !== null, 'the stack');
  stack = connect({ connections: resolveConnections({ data_dir: dataDir }, {}) });
  client = await stack.temporal();
  const connection = await NativeConnection.connect({ address: readStackFile(dataDir).temporal_address });
  const stopSteps = await serveSteps(connection);
  const recorded = new Map();
  const wanted = ([name]) => name.startsWith(ONLY);
  for (const [id, play] of Object.entries(RECIPES).filter(wanted)) {
    recorded.set(id, (await play(id)) ?? (await historyJson(client, id)));
  }
  for (const [name, id] of Object.entries(CHILDREN).filter(wanted)) recorded.set(name, await historyJson(client, id));
  await stopSteps();
  await connection.close();
  await stack.close();
  replaceAll(recorded);
} finally {
  dev.kill('SIGTERM');
  await devEnded;
  await source.close();
  await cloud.emulator.close();
  rmSync(dataDir, { recursive: true, force: true });
}

/** Only when all of it is there: half a set would look like a whole one. */
function replaceAll(recorded) {
  mkdirSync(TARGET, { recursive: true });
  for (const file of readdirSync(TARGET))
    if (file.endsWith('.json') && file.startsWith(ONLY) && !recorded.has(file.slice(0, -5))) rmSync(join(TARGET, file));
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

/** Starts a search and waits until a trial has its first checkpoint. */
async function startSearch(id, input, trial) {
  await cerebros(['start', 'nas-search', '--input', '-', '--id', id], input);
  const folder = join(dataDir, 'artifacts', 'runs', id, 'trials', trial);
  await until(
    () => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.ckpt')),
    `a checkpoint of trial ${trial} of ${id}`,
  );
}

async function haltSearch(id) {
  await startSearch(id, { ...longSearch, budget: { max_trials: 10 } }, '0000');
  await cerebros(['halt', id]);
  await closed(id);
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

/** Waits until a workflow has nothing under way. */
async function idle(id) {
  await until(async () => ((await describe(id)).raw.pendingActivities ?? []).length === 0, `the pause of ${id}`);
}

/** Waits until the step of a run has the status. */
async function reaches(id, name, status) {
  const has = ({ steps }) => steps.some((step) => step.step_name === name && step.status === status);
  await until(async () => has(await client.workflow.getHandle(id).query('show')), `${name} of ${id} ${status}`);
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
