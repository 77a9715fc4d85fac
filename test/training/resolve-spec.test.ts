import { describe, expect, it } from 'vitest';
import { datasetInfo } from '../../src/training/datasets/registry.ts';
import { countParams } from '../../src/training/network-plan.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';

const mnist = datasetInfo('mnist');

describe('resolveSpec', () => {
  it('takes everything from the preset and the dataset when there is no config', () => {
    const spec = resolveSpec('mlp', undefined, mnist);
    expect(spec).toEqual({
      model: {
        input: mnist.input,
        blocks: [{ type: 'dense', units: 128, activation: 'relu', dropout: 0 }],
        classes: 10,
      },
      optimizer: 'adam',
      learning_rate: 0.001,
      momentum: 0.9,
      batch_size: 64,
      epochs: 8,
      max_params: 5_000_000,
    });
    expect(countParams(spec.model)).toBe(101_770);
    expect(countParams(resolveSpec('cnn-small', undefined, mnist).model)).toBe(52_138);
  });

  it('lets the config change the training, the dropout and the blocks', () => {
    const spec = resolveSpec('mlp', { epochs: 2, optimizer: 'sgd', dropout: 0.2, model: { blocks: [{ type: 'dense', units: 9 }] } }, mnist);
    expect(spec).toMatchObject({ epochs: 2, optimizer: 'sgd' });
    expect(spec.model.blocks).toEqual([{ type: 'dense', units: 9, activation: 'relu', dropout: 0.2 }]);
    expect(resolveSpec('mlp', { model: 'cnn-small' }, mnist).model.blocks).toHaveLength(3);
    expect(resolveSpec('custom', { model: { blocks: [] } }, mnist).model.blocks).toEqual([]);
  });

  for (const name of ['resnet', 'toString', '']) {
    it(`refuses the model name ${JSON.stringify(name)} and lists the known ones`, () => {
      expect(() => resolveSpec(name, {}, mnist)).toThrow(
        expect.objectContaining({
          code: 'MODEL_UNKNOWN',
          message: `Expected a model name out of mlp-small, mlp, cnn-small, custom, got ${JSON.stringify(name)}.`,
        }),
      );
    });
  }
});

describe('a convolution', () => {
  const conv = { type: 'conv5x5', filters: 4 };

  it('has dropout when it is asked for, and is the same block without it as with none', () => {
    const blocksOf = (block: object) => JSON.stringify(resolveSpec('custom', { model: { blocks: [block] } }, mnist).model.blocks);
    expect(blocksOf({ ...conv, dropout: 0.25 })).toBe('[{"type":"conv5x5","filters":4,"pool":"max2","activation":"relu","dropout":0.25}]');
    expect(blocksOf({ ...conv, dropout: 0 })).toBe(blocksOf(conv));
    expect(blocksOf(conv)).toBe('[{"type":"conv5x5","filters":4,"pool":"max2","activation":"relu"}]');
  });

  for (const [type, params] of [
    ['conv1x1', 4 * (1 + 1) + 10 * (4 * 196 + 1)],
    ['conv3x3', 4 * (9 + 1) + 10 * (4 * 196 + 1)],
    ['conv5x5', 4 * (25 + 1) + 10 * (4 * 196 + 1)],
  ] as const) {
    it(`of type ${type} has ${params} parameters with what follows`, () => {
      const spec = resolveSpec('custom', { model: { blocks: [{ ...conv, type, pool: 'avg2' }] } }, mnist);
      expect(countParams(spec.model)).toBe(params);
    });
  }
});

describe('a refused config', () => {
  const dense = { type: 'dense', units: 4 };
  const conv = { type: 'conv3x3', filters: 4 };
  const wrong: readonly [unknown, string][] = [
    [{ epochs: 0 }, 'epochs: expected at least 1, got 0'],
    [{ epochs: 2.5 }, 'epochs: expected int, got 2.5'],
    [{ epochs: 'ten' }, 'epochs: expected number, got "ten"'],
    [{ batch_size: 5000 }, 'batch_size: expected at most 4096, got 5000'],
    [{ learning_rate: 0 }, 'learning_rate: expected more than 0, got 0'],
    [{ learning_rate: Number.NaN }, 'learning_rate: expected number, got NaN'],
    [{ optimizer: 'lion' }, 'optimizer: expected one of adam, sgd, got "lion"'],
    [{ dropout: 1 }, 'dropout: expected at most 0.9, got 1'],
    [{ epoch: 3 }, 'the whole value: expected no other keys, got epoch'],
    [{ dataset_limit: { train: 0 } }, 'dataset_limit.train: expected at least 1, got 0'],
    [{ model: 7 }, 'model: expected string or object, got 7'],
    [{ model: { blocks: [{ type: 'lstm' }] } }, 'model.blocks[0].type: '],
    [{ model: { blocks: [dense, { ...dense, units: 0 }] } }, 'model.blocks[1].units: expected at least 1, got 0'],
    [{ model: { blocks: [{ ...conv, stride: 2 }] } }, 'model.blocks[0]: expected no other keys, got stride'],
    [{ model: { blocks: [{ ...conv, pool: 'avg3' }] } }, 'model.blocks[0].pool: expected one of max2, avg2, none, got "avg3"'],
    [{ model: { blocks: [{ ...conv, dropout: 1 }] } }, 'model.blocks[0].dropout: expected at most 0.9, got 1'],
    [{ model: { blocks: [dense, conv] } }, 'model.blocks[1]: expected every convolution before the first dense block'],
    [{ model: { blocks: Array.from({ length: 9 }, () => conv) } }, 'model.blocks: expected at most 8 convolution blocks, got 9'],
    [
      { model: { blocks: Array.from({ length: 6 }, () => conv) } },
      "model.blocks[4].pool: expected 'none' because its input is only 1x1 pixels",
    ],
    ['epochs=3', 'the whole value: expected object, got "epochs=3"'],
  ];
  for (const [config, message] of wrong) {
    it(`is explained: ${JSON.stringify(config).slice(0, 60)}: ${message}`, () => {
      expect(() => resolveSpec('mlp', config, mnist)).toThrow(
        expect.objectContaining({ code: 'SPEC_INVALID', message: expect.stringContaining(message) }),
      );
    });
  }
});

describe('a refused model', () => {
  it('over max_params', () => {
    expect(() => resolveSpec('mlp', { max_params: 1000 }, mnist)).toThrow(
      expect.objectContaining({
        code: 'MODEL_TOO_LARGE',
        message: 'Expected at most 1000 parameters (max_params), the model has 101770.',
      }),
    );
  });

  it('that is custom has no blocks', () => {
    expect(() => resolveSpec('custom', {}, mnist)).toThrow(/model\.blocks: expected the blocks of a custom model, got nothing/);
  });
});
