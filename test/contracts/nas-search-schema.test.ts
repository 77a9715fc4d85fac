import { describe, expect, it } from 'vitest';
import { explainIssues } from '../../src/client/explain-issues.ts';
import { nasSearchInputSchema } from '../../src/contracts/nas-search-schema.ts';

const WIDTH = { type: 'int', low: 8, high: 64 };
const LEAST = { dataset_id: 'mnist', objective: 'accuracy', search_space: { width: WIDTH }, budget: { max_trials: 20 } };

/** What a person is told of the least input with these changes; undefined when it is taken. */
function refusalOf(changes: object): string | undefined {
  const input = { ...LEAST, ...changes };
  const parsed = nasSearchInputSchema.safeParse(input);
  return parsed.success ? undefined : explainIssues(parsed.error, input);
}

const budget = (changes: object): object => ({ budget: { max_trials: 20, ...changes } });
const space = (search_space: unknown): object => ({ search_space });
const op = (...choices: string[]): object => ({ op: { type: 'categorical', choices } });
const tens = (count: number): object[] => Array.from({ length: count }, (_, n) => ({ width: 8 + n }));

describe('the input of a search', () => {
  it('needs no more than dataset, objective, space and budget', () => {
    expect(nasSearchInputSchema.parse(LEAST)).toEqual({
      ...LEAST,
      epochs: 3,
      sampler: { name: 'evolution' },
      scheduler: { name: 'asha', min_epochs: 1, reduction: 3 },
      parallel: 2,
      parallel_mode: 'deterministic',
      seed: 0,
      engine: 'typescript',
      constraints: { max_params: 5_000_000 },
      max_worker_losses: 3,
      enqueue: [],
    });
  });

  it.each([
    { given: { epochs: 2 }, scheduler: 'none', sampler: 'tpe' },
    { given: { epochs: 3 }, scheduler: 'asha', sampler: 'evolution' },
    { given: { epochs: 9, scheduler: 'none' }, scheduler: 'none', sampler: 'tpe' },
    { given: { epochs: 1, scheduler: 'asha' }, scheduler: 'asha', sampler: 'evolution' },
    { given: { sampler: 'grid' }, scheduler: 'asha', sampler: 'grid' },
    { given: { sampler: { name: 'random' }, scheduler: { name: 'none' } }, scheduler: 'none', sampler: 'random' },
  ])('$given is searched by $scheduler and $sampler', ({ given, scheduler, sampler }) => {
    expect(nasSearchInputSchema.parse({ ...LEAST, ...given })).toMatchObject({
      scheduler: { name: scheduler },
      sampler: { name: sampler },
    });
  });

  it('keeps everything that is given', () => {
    const full = {
      ...LEAST,
      dataset_id: 'digits',
      budget: { max_trials: 10_000, max_time_s: 2_592_000, target: 1, max_failed_trials: 0, max_epochs: 1, patience: 1 },
      epochs: 27,
      sampler: { name: 'tpe' },
      scheduler: { name: 'asha', min_epochs: 27, reduction: 10 },
      parallel: 64,
      parallel_mode: 'async',
      seed: Number.MAX_SAFE_INTEGER,
      engine: 'python',
      dataset_limit: { train: 5000 },
      constraints: { max_params: 50_000_000 },
      max_worker_losses: 100,
      enqueue: tens(100),
      drill: { crash_trials: [0, 9999] },
    };
    expect(nasSearchInputSchema.parse(full)).toEqual(full);
  });

  it('may have any space and any configuration when nobody trains', () => {
    const temperature = { type: 'float', low: 0, high: 1 };
    const noop = { engine: 'noop', search_space: { temperature }, enqueue: [{ temperature: 0.5 }] };
    expect(nasSearchInputSchema.parse({ ...LEAST, ...noop })).toMatchObject(noop);
    expect(refusalOf({ ...noop, engine: 'typescript' })).toMatch(
      /^search_space\.temperature: expected one of depth, .*, got "temperature"/,
    );
  });
});

describe('a number that does not fit', () => {
  it.each([
    [
      budget({ max_trials: 0 }),
      'budget.max_trials: expected a whole number from 1 to 10000, got 0; give the number of trials to start in all',
    ],
    [{ budget: {} }, 'budget.max_trials: expected a whole number from 1 to 10000, got nothing; give the number of trials to start in all'],
    [
      budget({ max_trials: 10_001 }),
      'budget.max_trials: expected a whole number from 1 to 10000, got 10001; give the number of trials to start in all',
    ],
    [
      budget({ max_trials: '20' }),
      'budget.max_trials: expected a whole number from 1 to 10000, got "20"; give the number of trials to start in all',
    ],
    [
      budget({ max_time_s: 2_592_001 }),
      'budget.max_time_s: expected a whole number from 1 to 2592000, got 2592001; give seconds, at most 30 days, or leave it out',
    ],
    [
      budget({ target: 97 }),
      'budget.target: expected a number from 0 to 1, got 97; give the accuracy that is good enough, or leave it out',
    ],
    [
      budget({ max_failed_trials: -1 }),
      'budget.max_failed_trials: expected a whole number from 0 to 10000, got -1; give how many trials may fail, or leave it out',
    ],
    [
      budget({ max_epochs: 0 }),
      'budget.max_epochs: expected a whole number from 1 to 10000000, got 0; give the epochs of all trials together, or leave it out',
    ],
    [
      budget({ patience: 0 }),
      'budget.patience: expected a whole number from 1 to 10000, got 0; give how many trials in a row may be no better, or leave it out',
    ],
    [{ epochs: 0 }, 'epochs: expected a whole number from 1 to 1000, got 0; give the epochs of a full training'],
    [{ epochs: 1.5 }, 'epochs: expected a whole number from 1 to 1000, got 1.5; give the epochs of a full training'],
    [{ parallel: 65 }, 'parallel: expected a whole number from 1 to 64, got 65; give the number of trials to keep in flight'],
    [{ seed: -1 }, 'seed: expected a whole number from 0 to 9007199254740991, got -1; give another seed'],
    [
      { constraints: { max_params: 50_000_001 } },
      'constraints.max_params: expected a whole number from 1 to 50000000, got 50000001; give how many trainable parameters a model may have',
    ],
    [
      { max_worker_losses: 0 },
      'max_worker_losses: expected a whole number from 1 to 100, got 0; give how often in a row a trial may lose its worker',
    ],
    [
      { scheduler: { name: 'asha', reduction: 1 } },
      'scheduler.reduction: expected a whole number from 2 to 10, got 1; one trial in this many goes on to the next rung',
    ],
    [
      { scheduler: { name: 'asha', min_epochs: 4 } },
      'scheduler.min_epochs: expected at most the 3 epochs of a full training, got 4; give fewer, or raise epochs',
    ],
    [
      { drill: { crash_trials: [-1] } },
      'drill.crash_trials[0]: expected a whole number from 0 to 9999, got -1; give numbers of trials, from 0',
    ],
  ])('%j is refused with its path, what was expected, what came and the cure', (changes, message) => {
    expect(refusalOf(changes)).toBe(message);
  });
});

describe('a name that is none', () => {
  it.each([
    [
      { dataset_id: 'cifar@0' },
      'dataset_id: expected mnist, digits or a dataset that was built (name@version, or its name for the newest version), got "cifar@0"',
    ],
    [{ objective: 'loss' }, 'objective: expected one of accuracy, got "loss"'],
    [{ sampler: 'bayes' }, 'sampler.name: expected one of random, grid, tpe, evolution, got "bayes"'],
    [{ sampler: { name: 'bayes' } }, 'sampler.name: expected one of random, grid, tpe, evolution, got "bayes"'],
    [{ scheduler: 'hyperband' }, 'scheduler.name: expected one of asha, none, got "hyperband"'],
    [{ parallel_mode: 'fast' }, 'parallel_mode: expected one of deterministic, async, got "fast"'],
    [{ engine: 'torch' }, 'engine: expected one of typescript, python, noop, got "torch"'],
    [{ epoch: 3 }, 'input: Unrecognized key: "epoch"'],
    [budget({ trials: 3 }), 'budget: Unrecognized key: "trials"'],
  ])('%j is refused with the names there are', (changes, message) => {
    expect(refusalOf(changes)).toBe(message);
  });
});

describe('a configuration to try first', () => {
  it.each([
    [{ enqueue: { width: 8 } }, 'enqueue: expected a list of configurations, got {"width":8}; give a list as [{"width": 64}]'],
    [{ enqueue: tens(101) }, 'enqueue: expected at most 100 configurations, got more; enqueue the rest with cerebros study enqueue'],
    [{ enqueue: ['best'] }, 'enqueue[0]: expected a configuration, got "best"; give an object as {"width": 64}'],
    [
      { enqueue: [{ width: [8] }] },
      'enqueue[0].width: expected a string, a finite number or a boolean, got [8]; give a value of the search space',
    ],
    [{ enqueue: [{ width: 8 }, { width: 0 }] }, 'enqueue[1].width: expected an integer from 1 to 1024, got 0'],
    [
      { engine: 'python', enqueue: [{ op: 'conv', width: 8 }] },
      'enqueue[0].op: expected dense, all that the engine python has, got "conv"; take it out, or use the engine typescript',
    ],
  ])('%j is refused', (changes, message) => {
    expect(refusalOf(changes)).toBe(message);
  });
});

describe('a search space', () => {
  it.each([
    ['an empty space', {}, 'search_space: expected 1 to 100 parameters, got 0'],
    ['no space', undefined, 'search_space: expected parameters as {"width": {"type": "int", "low": 8, "high": 64}}, got nothing'],
    ['an unknown operation', op('dense', 'lstm'), 'search_space.op.choices[1]: expected one of dense, conv, got "lstm"'],
    [
      'a condition on a missing parameter',
      { width: WIDTH, kernel: { type: 'categorical', choices: [3, 5], when: { op: 'conv' } } },
      'search_space.kernel.when.op: expected an earlier parameter (width), got "op"',
    ],
    [
      'a condition on a value that cannot be',
      { ...op('dense'), kernel: { type: 'categorical', choices: [3, 5], when: { op: 'conv' } } },
      'search_space.kernel.when.op: expected a value that op can have ("dense"), got "conv"',
    ],
    [
      'a width over its range',
      { width: { ...WIDTH, high: 5000 } },
      'search_space.width.high: expected an integer from 1 to 1024, got 5000',
    ],
  ])('of %s is refused', (_, search_space, message) => {
    expect(refusalOf(space(search_space))).toBe(message);
  });

  it('of a name that is nearly right is refused with the one that was meant', () => {
    expect(refusalOf(space({ widht: WIDTH }))).toMatch(
      /^search_space\.widht: expected one of depth, .*, got "widht"; did you mean "width"\?$/,
    );
  });
});

describe('the engine python', () => {
  const dropout = (parameter: object): object => ({ width: WIDTH, dropout: parameter });

  it.each([
    [
      'convolutions',
      op('dense', 'conv'),
      'op.choices[1]: expected dense, all that the engine python has, got "conv"; take it out, or use the engine typescript',
    ],
    [
      'a convolution of one block',
      { block2_op: { type: 'categorical', choices: ['conv'] } },
      'block2_op.choices[0]: expected dense, all that the engine python has, got "conv"; take it out, or use the engine typescript',
    ],
    [
      'dropout in a range',
      dropout({ type: 'float', low: 0, high: 0.5 }),
      'dropout.high: expected 0, for the engine python has no dropout, got 0.5; take it out, or use the engine typescript',
    ],
    [
      'dropout as a choice',
      dropout({ type: 'categorical', choices: [0, 0.25] }),
      'dropout.choices[1]: expected 0, for the engine python has no dropout, got 0.25; take it out, or use the engine typescript',
    ],
    [
      'an activation of one block',
      { block1_activation: { type: 'categorical', choices: ['tanh'] } },
      'block1_activation.choices[0]: expected one activation for all blocks with the engine python, got "tanh" for one; name the parameter "activation"',
    ],
  ])('is refused %s', (_, search_space, message) => {
    expect(refusalOf({ engine: 'python', search_space })).toBe(`search_space.${message}`);
    expect(refusalOf({ engine: 'typescript', search_space })).toBeUndefined();
  });

  it('may search dense networks of one activation', () => {
    const activation = { type: 'categorical', choices: ['relu', 'tanh'] };
    const search_space = { ...op('dense'), activation, ...dropout({ type: 'categorical', choices: [0] }) };
    expect(refusalOf({ engine: 'python', search_space, enqueue: [{ op: 'dense', activation: 'tanh' }] })).toBeUndefined();
  });
});
