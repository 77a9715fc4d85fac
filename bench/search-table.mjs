import { readFileSync } from 'node:fs';
import { bestTrial, nextRung } from '../dist/search/index.js';
import { randomU32, streamKey } from '../dist/training/counter-rng.js';

/** Apart from the streams of proposals under the same seed. */
const SEED_STREAM = 200;

/**
 * Reads a table of trainings. Its entries are [widths, act, lr, batch, params, val[seed][fidelity], …]; act, lr and batch are places
 * in the lists of its `space`, values are right answers of 500 validation images.
 */
export function readTable(path) {
  const { name, space: lists, epochs, entries } = JSON.parse(readFileSync(path, 'utf8'));
  const byKey = new Map(entries.map(([widths, act, lr, batch, , counts]) => [[widths, act, lr, batch].join(';'), entry(counts)]));
  const best = Math.max(...[...byKey.values()].map(({ final }) => final));
  return { name, epochs, best, space: searchSpace(lists), find: (params) => byKey.get(keyOf(params, lists)) };
}

/**
 * Runs a study, one piece of training after the other, and says for each budget of epochs how good the chosen configuration is when
 * the next piece would exceed it: its simple regret in points, which is by how much its validation accuracy after a full training,
 * the mean over the table's seeds, falls short of the best configuration's. Each trial draws one of the table's seeds, and
 * keeps it in all its rungs.
 */
export function regrets(table, { sampler, scheduler, seed, budgets }) {
  const study = {
    space: table.space,
    sampler: { name: sampler },
    scheduler: { name: scheduler, min_epochs: table.epochs[0], reduction: 3 },
    epochs: table.epochs.at(-1),
    seed,
    max_trials: Number.MAX_SAFE_INTEGER,
    enqueue: [],
  };
  const trials = [];
  const found = [];
  for (let spent = 0; found.length < budgets.length;) {
    const { number, params, from_epochs, to_epochs } = nextRung(study, trials);
    spent += to_epochs - from_epochs;
    while (spent > budgets[found.length]) found.push(table.best - table.find(bestTrial(trials).params).final);
    const { bySeed } = table.find(params);
    const values = bySeed[randomU32(streamKey(seed, SEED_STREAM, number), 0) % bySeed.length];
    const rung = { epochs: to_epochs, value: values[table.epochs.indexOf(to_epochs)] };
    trials[number] = { number, params, rungs: [...(trials[number]?.rungs ?? []), rung], outstanding_to: null, failed: false };
  }
  return found;
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the mean. */
export function standardError(values) {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length);
}

function entry(counts) {
  const bySeed = counts.map((ofSeed) => ofSeed.map((right) => right / 5));
  return { bySeed, final: mean(bySeed.map((ofSeed) => ofSeed.at(-1))) };
}

// Lists in order (widths, learning rates, batch sizes) are ints that say the place in the list.
function searchSpace({ depth, width, act, lr, batch }) {
  const place = (list) => ({ type: 'int', low: 0, high: list.length - 1 });
  const widths = depth.map((layer, index) => [
    `width_${layer}`,
    index === 0 ? place(width) : { ...place(width), when: { depth: depth.slice(index) } },
  ]);
  return {
    depth: { type: 'int', low: depth[0], high: depth.at(-1) },
    ...Object.fromEntries(widths),
    act: { type: 'categorical', choices: act },
    lr: place(lr),
    batch: place(batch),
  };
}

function keyOf(params, { width, act }) {
  const widths = Array.from({ length: params.depth }, (_, index) => width[params[`width_${index + 1}`]]);
  return [widths, act.indexOf(params.act), params.lr, params.batch].join(';');
}
