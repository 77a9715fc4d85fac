/**
 * Searches for the minimum of a function with the sampler on its own, without Temporal and Postgres. Build once (`npm run build`),
 * then run `node dist/examples/search-library.js`.
 */
import { createSampler, type Params } from 'cerebros/search';

/** What would be a training: the smaller the better, and it fails for large momenta. */
function loss({ optimizer, momentum = 0.5, learning_rate }: Params): number {
  if (Number(momentum) > 0.95) throw new Error('diverged');
  const distance = (Math.log10(Number(learning_rate)) + 2.5) ** 2 + (Number(momentum) - 0.9) ** 2;
  return optimizer === 'sgd' ? distance : distance + 0.1;
}

const sampler = createSampler({
  name: 'tpe',
  seed: 7,
  direction: 'minimize',
  space: {
    optimizer: { type: 'categorical', choices: ['adam', 'sgd'] },
    momentum: { type: 'float', low: 0, high: 0.99, when: { optimizer: 'sgd' } },
    learning_rate: { type: 'float', low: 1e-5, high: 1, log: true },
  },
});

let best: { readonly params: Params; readonly value: number } | undefined;
for (let trial = 0; trial < 100; trial++) {
  const asked = sampler.ask();
  if (asked === null) break; // Only a grid ends.
  try {
    const value = loss(asked.params);
    sampler.tell(asked.number, value);
    if (best === undefined || value < best.value) best = { params: asked.params, value };
  } catch (error) {
    sampler.tell(asked.number, { failed: String(error) });
  }
}
console.log('best', best?.value.toFixed(4), best?.params);
