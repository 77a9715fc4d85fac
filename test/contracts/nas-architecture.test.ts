import { describe, expect, it } from 'vitest';
import { architectureIssues, blocksOf, MAX_DEPTH, optimizerOf, paramsIssues } from '../../src/contracts/nas-architecture.ts';
import type { Parameter, Params, SearchSpace } from '../../src/contracts/search-space.ts';

const choice = (...choices: readonly (string | number | boolean)[]): Parameter => ({ type: 'categorical', choices });
const int = (low: number, high: number): Parameter => ({ type: 'int', low, high });
const float = (low: number, high: number): Parameter => ({ type: 'float', low, high });

const rightSpaces: Readonly<Record<string, SearchSpace>> = {
  'of a dense network': {
    depth: int(1, 8),
    width: int(1, 1024),
    dropout: float(0, 0.9),
    learning_rate: { type: 'float', low: 1e-5, high: 1, log: true },
    batch_size: choice(16, 4096),
    optimizer: choice('adam', 'sgd'),
    momentum: { type: 'float', low: 0, high: 0.999, when: { optimizer: 'sgd' } },
  },
  'of convolutions': {
    op: choice('conv'),
    width: int(1, 256),
    kernel: choice(1, 3, 5),
    pooling: choice('none', 'max', 'avg'),
    activation: choice('relu', 'tanh'),
  },
  'of blocks of both kinds, whose width counts units or filters': {
    depth: choice(1, 8),
    block1_op: choice('dense', 'conv'),
    block1_width: int(8, 512),
    block1_kernel: { type: 'categorical', choices: [3, 5], when: { block1_op: 'conv' } },
    block8_dropout: choice(0, 0.5),
  },
};

describe('architectureIssues', () => {
  for (const [name, space] of Object.entries(rightSpaces)) {
    it(`finds nothing wrong with a space ${name}`, () => {
      expect(architectureIssues(space)).toEqual([]);
    });
  }

  const wrong: readonly [SearchSpace, (string | number)[], string][] = [
    [{ block1_op: choice('dense', 'convv') }, ['block1_op', 'choices', 1], 'expected one of dense, conv, got "convv"'],
    [{ pooling: choice('max2') }, ['pooling', 'choices', 0], 'expected one of none, max, avg, got "max2"'],
    [{ kernel: choice(3, 7) }, ['kernel', 'choices', 1], 'expected one of 1, 3, 5, got 7'],
    [{ block2_kernel: int(1, 5) }, ['block2_kernel', 'type'], 'expected categorical, with choices out of 1, 3, 5, got int'],
    [{ op: float(0, 1) }, ['op', 'type'], 'expected categorical, with choices out of dense, conv, got float'],
    [{ depth: int(0, 3) }, ['depth', 'low'], 'expected an integer from 1 to 8, got 0'],
    [{ depth: float(1, 3) }, ['depth', 'type'], 'expected int or categorical, got float'],
    [{ width: int(1, 1025) }, ['width', 'high'], 'expected an integer from 1 to 1024, got 1025'],
    [{ width: choice(64, '128') }, ['width', 'choices', 1], 'expected an integer from 1 to 1024, got "128"'],
    [{ batch_size: choice(32, 48.5) }, ['batch_size', 'choices', 1], 'expected an integer from 1 to 4096, got 48.5'],
    [{ block3_dropout: float(0, 0.95) }, ['block3_dropout', 'high'], 'expected a number from 0 to 0.9, got 0.95'],
    [{ learning_rate: float(0, 0.1) }, ['learning_rate', 'low'], 'expected a number above 0, at most 1, got 0'],
    [{ momentum: choice(true) }, ['momentum', 'choices', 0], 'expected a number from 0 to 0.999, got true'],
    [{ op: choice('conv'), width: int(8, 512) }, ['width', 'high'], 'expected an integer from 1 to 256 (filters of a conv block), got 512'],
    [
      { block1_op: choice('dense', 'conv'), block1_width: { ...choice(16, 300), when: { block1_op: ['conv'] } } },
      ['block1_width', 'choices', 1],
      'expected an integer from 1 to 256 (filters of a conv block), got 300',
    ],
  ];
  for (const [space, path, message] of wrong) {
    it(`explains ${JSON.stringify(space)}: ${message}`, () => {
      expect(architectureIssues(space)).toEqual([{ path, message }]);
    });
  }

  it('names what there is, and the nearest name, for one that it does not know', () => {
    const [issue] = architectureIssues({ block1_wdith: int(8, 64) });
    expect(issue?.path).toEqual(['block1_wdith']);
    expect(issue?.message).toMatch(
      /^expected one of depth, block1_op, .*block1_pooling, … block8_pooling, op, width, .*, batch_size, got "bl/,
    );
    expect(issue?.message).toMatch(/got "block1_wdith"; did you mean "block1_width"\?$/);
    expect(architectureIssues({ block9_op: choice('conv') })[0]?.message).toMatch(/did you mean "block1_op"\?$/);
    expect(architectureIssues({ number_of_trees: int(1, 9) })[0]?.message).toMatch(/got "number_of_trees"$/);
    expect(architectureIssues({ toString: int(1, 9) })).toHaveLength(1);
  });

  it('finds every issue, in the order of the space', () => {
    const issues = architectureIssues({ depth: int(0, 9), layers: int(1, 2), op: choice('a', 'dense', 'b') });
    expect(issues.map(({ path }) => path.join('.'))).toEqual(['depth.low', 'depth.high', 'layers', 'op.choices.0', 'op.choices.2']);
  });
});

describe('paramsIssues', () => {
  const wrong: readonly [Params, string, string][] = [
    [{ depth: 9 }, 'depth', 'expected an integer from 1 to 8, got 9'],
    [{ block1_activation: 'gelu' }, 'block1_activation', 'expected one of relu, tanh, got "gelu"'],
    [{ learning_rate: 2 }, 'learning_rate', 'expected a number above 0, at most 1, got 2'],
    [{ block1_op: 'conv', block1_width: 300 }, 'block1_width', 'expected an integer from 1 to 256 (filters of a conv block), got 300'],
    [{ depth: 3, op: 'conv', width: 300 }, 'width', 'expected an integer from 1 to 256 (filters of a conv block), got 300'],
  ];
  for (const [params, name, message] of wrong) {
    it(`explains ${JSON.stringify(params)}: ${message}`, () => {
      expect(paramsIssues(params)).toEqual([{ path: [name], message }]);
    });
  }

  it('finds nothing wrong with a configuration of a right space, blocks beyond its depth included', () => {
    expect(paramsIssues({})).toEqual([]);
    expect(paramsIssues({ depth: 1, block1_width: 1024, block2_op: 'conv', block2_width: 300 })).toEqual([]);
  });

  it('names the nearest name for one that it does not know', () => {
    expect(paramsIssues({ learningrate: 0.1 })[0]?.message).toMatch(/did you mean "learning_rate"\?$/);
  });
});

describe('a configuration', () => {
  const plain = { op: 'dense', width: 64, kernel: 3, activation: 'relu', dropout: 0, pooling: 'max' };

  it('that names nothing is one dense block of 64 units, trained with Adam', () => {
    expect(blocksOf({})).toEqual([plain]);
    expect(optimizerOf({})).toEqual({ optimizer: 'adam', learning_rate: 0.001, momentum: 0.9, batch_size: 64 });
  });

  it('takes the value of the block, else of all blocks, else the default', () => {
    const params = { depth: 2, width: 16, activation: 'tanh', block2_width: 8, block2_op: 'dense', batch_size: 5, optimizer: 'sgd' };
    expect(blocksOf(params)).toEqual([
      { ...plain, width: 16, activation: 'tanh' },
      { ...plain, width: 8, activation: 'tanh' },
    ]);
    expect(optimizerOf(params)).toMatchObject({ batch_size: 5, optimizer: 'sgd', learning_rate: 0.001 });
  });

  it('has as many blocks as depth says, else as the highest number named', () => {
    expect(blocksOf({ block3_width: 9 })).toEqual([plain, plain, { ...plain, width: 9 }]);
    expect(blocksOf({ block3_width: 9, depth: 2 })).toHaveLength(2);
    expect(blocksOf({ depth: MAX_DEPTH })).toHaveLength(8);
  });
});
