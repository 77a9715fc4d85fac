import { describe, expect, it } from 'vitest';
import type { Cerebros } from '../../src/client/connect.ts';
import { cerebros, errorOf } from './fake-context.ts';

const WIDTH = { type: 'int', low: 8, high: 64 };
const GOOD = { dataset_id: 'mnist', objective: 'accuracy', search_space: { width: WIDTH }, budget: { max_trials: 20 } };
/** Nothing may be asked of the stack before the input fits. */
const unused = { close: () => Promise.resolve() } as unknown as Cerebros;

const BAD = [
  {
    what: 'an unknown operation',
    input: { ...GOOD, search_space: { op: { type: 'categorical', choices: ['dense', 'lstm'] } } },
    said: 'search_space.op.choices[1]: expected one of dense, conv, got "lstm"',
  },
  {
    what: 'an empty space',
    input: { ...GOOD, search_space: {} },
    said: 'search_space: expected 1 to 100 parameters, got 0',
  },
  {
    what: 'no trials',
    input: { ...GOOD, budget: { max_trials: 0 } },
    said: 'budget.max_trials: expected a whole number from 1 to 10000, got 0; give the number of trials to start in all',
  },
  {
    what: 'a condition on a missing parameter',
    input: { ...GOOD, search_space: { width: WIDTH, kernel: { type: 'categorical', choices: [3], when: { op: 'conv' } } } },
    said: 'search_space.kernel.when.op: expected an earlier parameter (width), got "op"',
  },
];

describe.each(['start', 'plan'])('%s nas-search', (command) => {
  it.each(BAD)('exits 2 for $what, with the path and the cure', async ({ input, said }) => {
    const world = { stdin: JSON.stringify(input), connect: () => Promise.resolve(unused) };
    const ran = await cerebros([command, 'nas-search', '--input', '-'], world);
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe('');
    expect(errorOf(ran)).toEqual({
      code: 'INVALID_INPUT',
      message: `the input does not fit nas-search:\n${said}`,
      hint: 'cerebros plan nas-search --input FILE   (checks without starting)',
    });
  });
});

it('plan nas-search takes a good input, and says what it will run with', async () => {
  const ran = await cerebros(['plan', 'nas-search', '--input', '-'], { stdin: JSON.stringify(GOOD) });
  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ input: { sampler: { name: 'evolution' }, scheduler: { name: 'asha' }, parallel: 2 } });
});
