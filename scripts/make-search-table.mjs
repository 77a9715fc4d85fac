// Computes bench/tables/digits-own.json, the table that `npm run bench:search` searches when it is given no other: trainings of all
// configurations of a small space with our own trainer. After a build: `node scripts/make-search-table.mjs`, about 2 minutes.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadDataset } from '../dist/training/datasets/registry.js';
import { resolveSpec } from '../dist/training/resolve-spec.js';
import { createTrainer } from '../dist/training/trainer.js';

const SPACE = {
  depth: [1, 2, 3],
  width: [4, 16, 64],
  act: ['relu', 'tanh'],
  lr: [0.000125, 0.0005, 0.002, 0.008, 0.032, 0.128],
  batch: [32],
};
const EPOCHS = [1, 3, 9, 27];
const SEEDS = [0, 1];

const digits = loadDataset('digits');

function main() {
  const entries = shapes().flatMap((widths) =>
    places(SPACE.act).flatMap((act) =>
      places(SPACE.lr).flatMap((lr) => places(SPACE.batch).map((batch) => entryOf({ widths, act, lr, batch }))),
    ),
  );
  const { sizes } = digits.info;
  const table = {
    name: 'digits-own-v1',
    about: `val = correct of ${sizes.validation} validation digits after ${EPOCHS.join('/')} epochs; test = correct of ${sizes.test} test digits after ${EPOCHS.at(-1)}`,
    dataset: `digits, ${sizes.train}/${sizes.validation}/${sizes.test} split, sha256 ${digits.sha256}`,
    space: SPACE,
    epochs: EPOCHS,
    seeds: SEEDS,
    columns: ['widths', 'act_ix', 'lr_ix', 'batch_ix', 'params', 'val[seed][fidelity]', 'test[seed]'],
  };
  const lines = entries.map((entry) => JSON.stringify(entry)).join(',\n');
  const text = `${JSON.stringify(table).slice(0, -1)},"entries":[\n${lines}\n]}\n`;
  writeFileSync(fileURLToPath(new URL('../bench/tables/digits-own.json', import.meta.url)), text);
  console.log(`${entries.length} configurations, ${SEEDS.length} seeds, ${text.length} bytes`);
}

/** Every list of widths of every depth. */
function shapes() {
  return SPACE.depth.flatMap((depth) =>
    Array.from({ length: depth }).reduce((lists) => lists.flatMap((list) => SPACE.width.map((width) => [...list, width])), [[]]),
  );
}

function places(list) {
  return list.map((_, index) => index);
}

function entryOf({ widths, act, lr, batch }) {
  const blocks = widths.map((units) => ({ type: 'dense', units, activation: SPACE.act[act] }));
  const config = {
    model: { blocks },
    optimizer: 'adam',
    learning_rate: SPACE.lr[lr],
    batch_size: SPACE.batch[batch],
    epochs: EPOCHS.at(-1),
  };
  const spec = resolveSpec('custom', config, digits.info);
  const trained = SEEDS.map((seed) => train(spec, seed));
  return [widths, act, lr, batch, trained[0].paramCount, trained.map(({ val }) => val), trained.map(({ test }) => test)];
}

function train(spec, seed) {
  const trainer = createTrainer({ spec, dataset: digits, seed });
  const val = EPOCHS.map((epochs) => {
    trainer.trainUntil(epochs);
    return Math.round(trainer.position.validation_accuracy * digits.info.sizes.validation);
  });
  return { paramCount: trainer.paramCount, val, test: Math.round(trainer.evaluate('test').accuracy * digits.info.sizes.test) };
}

main();
