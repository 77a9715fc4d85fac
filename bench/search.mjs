// How good the samplers are, on a table of real trainings: `npm run bench:search -- [--table PATH] [--seeds N]`, after a build.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table as printed } from '../dist/cli/text/table.js';
import { createSampler, nextRung } from '../dist/search/index.js';
import { mean, readTable, regrets, standardError } from './search-table.mjs';

/** Epochs: 20 and 40 full trainings. */
const BUDGETS = [540, 1080];

/** `bounds` are in points and hold on one table; `mustWin`: it must beat random on every table; `share`: of the seeds. */
const METHODS = [
  { name: 'random, full trainings', sampler: 'random', scheduler: 'none' },
  { name: 'multivariate TPE, full trainings', sampler: 'tpe', scheduler: 'none', bounds: [0.92, 0.8], mustWin: true },
  { name: 'evolution, full trainings', sampler: 'evolution', scheduler: 'none' },
  { name: 'ASHA + random', sampler: 'random', scheduler: 'asha' },
  { name: 'ASHA + multivariate TPE, a fifth of the seeds', sampler: 'tpe', scheduler: 'asha', share: 0.2 },
  { name: 'ASHA + evolution', sampler: 'evolution', scheduler: 'asha', bounds: [0.52, 0.42], mustWin: true },
];

const BOUNDED_TABLE = 'digits-nas-v1';

const { values: options } = parseArgs({
  options: {
    table: { type: 'string', default: fileURLToPath(new URL('tables/digits-own.json', import.meta.url)) },
    seeds: { type: 'string', default: '1000' },
  },
});

function main() {
  const seeds = Number(options.seeds);
  if (!Number.isInteger(seeds) || seeds < 2) throw new Error(`--seeds: expected a whole number of at least 2, got ${options.seeds}`);
  const table = readTable(options.table);
  console.log(`table ${table.name}, ${seeds} seeds, one worker; simple regret in points ± standard error, smaller is better\n`);
  const results = METHODS.map((method) => ({ ...method, found: runMethod(table, method, seeds) }));
  const [random, ...others] = results;
  const rows = results.map(({ name, found }) => [name, ...BUDGETS.map((_, at) => figure(found.map((ofSeed) => ofSeed[at])))]);
  console.log(printed([['', ...BUDGETS.map((epochs) => `after ${epochs} epochs`)], ...rows, ...optuna()], 100));
  console.log('\nbetter than random with full trainings, seed by seed:');
  console.log(
    printed(
      others.map(({ name, found }) => [name, ...BUDGETS.map((_, at) => figure(gains(random.found, found, at)))]),
      100,
    ),
  );
  printSpeed();
  const misses = [...others.flatMap((result) => lostTo(random, result)), ...results.flatMap((result) => overBound(table, result))];
  for (const miss of misses) console.log(`MISSED: ${miss}`);
  process.exitCode = misses.length > 0 ? 1 : 0;
}

function runMethod(table, { sampler, scheduler, share = 1 }, seeds) {
  return Array.from({ length: Math.max(2, Math.round(share * seeds)) }, (_, seed) =>
    regrets(table, { sampler, scheduler, seed, budgets: BUDGETS }),
  );
}

function gains(random, found, at) {
  return found.map((ofSeed, seed) => random[seed][at] - ofSeed[at]);
}

function figure(values) {
  return `${mean(values).toFixed(3)} ± ${standardError(values).toFixed(3)}`;
}

function lostTo(random, { name, found, mustWin }) {
  if (!mustWin) return [];
  return BUDGETS.flatMap((epochs, at) => {
    const gain = gains(random.found, found, at);
    const sure = mean(gain) > 2 * standardError(gain);
    return sure ? [] : [`${name} after ${epochs} epochs: expected to beat random by more than two standard errors, got ${figure(gain)}`];
  });
}

function overBound(table, { name, found, bounds = [] }) {
  if (table.name !== BOUNDED_TABLE) return [];
  return bounds.flatMap((bound, at) => {
    const got = mean(found.map((ofSeed) => ofSeed[at]));
    return got <= bound ? [] : [`${name} after ${BUDGETS[at]} epochs: expected at most ${bound}, got ${got.toFixed(3)}`];
  });
}

/** Optuna on the same table, where Python has it. */
function optuna() {
  const script = fileURLToPath(new URL('optuna_reference.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync('python3', [script, options.table, ...BUDGETS.map(String)], { encoding: 'utf8' });
  if (status === 3) return [['Optuna is not installed: pip install optuna']];
  if (status !== 0) return [[`Optuna could not be run: ${stderr?.trim().split('\n').at(-1) ?? 'no python3'}`]];
  return JSON.parse(stdout).map(({ name, regrets: found }) => [
    `${name}, ${found.length} seeds`,
    ...BUDGETS.map((_, at) => figure(found.map((ofSeed) => ofSeed[at]))),
  ]);
}

/** What an answer costs in a study of 1,000 trials and eight parameters. */
function printSpeed() {
  const place = { type: 'int', low: 1, high: 100, log: true };
  const share = { type: 'float', low: 0.001, high: 1, log: true };
  const space = {
    a: place,
    b: place,
    c: share,
    d: share,
    e: share,
    f: place,
    g: place,
    h: { type: 'categorical', choices: ['x', 'y', 'z'] },
  };
  const drawn = createSampler({ name: 'random', space, seed: 0 });
  const trials = Array.from({ length: 1000 }, (_, number) => {
    const { params } = drawn.ask();
    return { number, params, rungs: [{ epochs: 9, value: params.c }], outstanding_to: null, failed: false };
  });
  const scheduler = { name: 'none', min_epochs: 1, reduction: 3 };
  const study = { space, scheduler, epochs: 9, max_trials: 2000, enqueue: [] };
  console.log('\nmilliseconds for an answer in a study of 1,000 trials (median of 101):');
  for (const name of ['random', 'grid', 'tpe', 'evolution']) {
    const times = Array.from({ length: 101 }, (_, seed) => {
      const began = performance.now();
      nextRung({ ...study, sampler: { name }, seed }, trials);
      return performance.now() - began;
    });
    console.log(`  ${name} ${times.toSorted((a, b) => a - b)[50].toFixed(2)}`);
  }
}

main();
