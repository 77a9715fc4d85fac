import { describe, expect, it } from 'vitest';
import type { Params } from '../../src/contracts/search-space.ts';
import { architectureOf, countArchitecture } from '../../src/training/architecture.ts';
import { trainingCost } from '../../src/training/cost.ts';
import { datasetInfo } from '../../src/training/datasets/registry.ts';
import { countParams } from '../../src/training/network-plan.ts';
import { parseSpec, resolveSpec } from '../../src/training/resolve-spec.ts';

const mnist = datasetInfo('mnist');
const digits = datasetInfo('digits');
const limits = { epochs: 3, max_params: 5_000_000 };

const cnn: Params = {
  depth: 3,
  op: 'conv',
  block1_width: 8,
  block2_width: 16,
  block3_op: 'dense',
  activation: 'relu',
};

describe('architectureOf', () => {
  it('makes the training of a preset from the parameters that describe it', () => {
    expect(architectureOf(cnn, mnist, limits)).toEqual(resolveSpec('cnn-small', undefined, mnist));
    expect(architectureOf({ width: 128 }, mnist, { ...limits, epochs: 8 })).toEqual(resolveSpec('mlp', undefined, mnist));
  });

  it('gives each block what it names, and the training what the configuration says', () => {
    const params = {
      block1_op: 'conv',
      block1_kernel: 5,
      block1_pooling: 'avg',
      block1_dropout: 0.2,
      block2_op: 'conv',
      block2_kernel: 1,
      block2_pooling: 'none',
      block3_activation: 'tanh',
      width: 12,
      optimizer: 'sgd',
      momentum: 0.5,
      learning_rate: 0.1,
      batch_size: 20,
    };
    const spec = architectureOf(params, digits, { epochs: 7, max_params: 9000 });
    expect(spec).toEqual(parseSpec(spec));
    expect(spec).toEqual({
      model: {
        input: digits.input,
        blocks: [
          { type: 'conv5x5', filters: 12, pool: 'avg2', activation: 'relu', dropout: 0.2 },
          { type: 'conv1x1', filters: 12, pool: 'none', activation: 'relu' },
          { type: 'dense', units: 12, activation: 'tanh', dropout: 0 },
        ],
        classes: 10,
      },
      optimizer: 'sgd',
      momentum: 0.5,
      learning_rate: 0.1,
      batch_size: 20,
      epochs: 7,
      max_params: 9000,
    });
  });

  it('ignores blocks beyond the depth, and kernel and pooling of dense blocks', () => {
    const params = { depth: 1, kernel: 5, pooling: 'max', block1_pooling: 'avg', block2_op: 'conv', block2_width: 300 };
    expect(architectureOf(params, digits, limits)).toEqual(architectureOf({}, digits, limits));
  });

  const refused: readonly [Params, string, string][] = [
    [
      { depth: 3, block1_op: 'conv', block3_op: 'conv' },
      'SPEC_INVALID',
      'block3_op: expected dense because block2 is dense, got conv; make block2 conv too, or block3 dense',
    ],
    [
      { depth: 5, op: 'conv', block2_pooling: 'none', block5_pooling: 'avg' },
      'SPEC_INVALID',
      'block5_pooling: expected none because of the image only 1x1 pixels are left here, got avg; pool in fewer blocks before it, or lower depth',
    ],
    [{ block1_width: 0, op: 'lstm' }, 'SPEC_INVALID', 'block1_width: expected an integer from 1 to 1024, got 0; op: expected one of dense'],
    [{ depth: 8, width: 1024 }, 'MODEL_TOO_LARGE', 'Expected at most 5000000 parameters (max_params), the model has'],
  ];
  for (const [params, code, message] of refused) {
    it(`refuses ${JSON.stringify(params)}: ${message}`, () => {
      expect(() => architectureOf(params, digits, limits)).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(message) }),
      );
    });
  }
});

describe('countArchitecture', () => {
  it('counts parameters, of models that are too large to train as well', () => {
    expect(countArchitecture(cnn, mnist)).toBe(52_138);
    expect(countArchitecture({ depth: 8, width: 1024 }, mnist)).toBe(
      countParams(architectureOf({ depth: 8, width: 1024 }, mnist, { epochs: 1, max_params: Infinity }).model),
    );
  });

  it('is null for what is no network', () => {
    expect(countArchitecture({ depth: 2, block2_op: 'conv' }, mnist)).toBeNull();
    expect(countArchitecture({ depth: 6, op: 'conv' }, mnist)).toBeNull();
    expect(countArchitecture({ op: 'lstm' }, mnist)).toBeNull();
  });
});

describe('trainingCost', () => {
  const costOf = (params: Params) => trainingCost(architectureOf(params, mnist, limits));

  it('counts a multiplication for each weight of a dense layer', () => {
    expect(costOf({ width: 128 })).toBe(784 * 128 + 128 * 10);
  });

  it('counts a convolution for each pixel, 40 for the value itself, and what pooling leaves of them', () => {
    expect(costOf(cnn)).toBe(784 * (9 + 40) * 8 + 196 * (9 * 8 + 40) * 16 + 49 * 16 * 64 + 64 * 10);
    expect(costOf({ op: 'conv', width: 4, kernel: 5, pooling: 'none' })).toBe(784 * (25 + 40) * 4 + 784 * 4 * 10);
  });
});
