import { describe, expect, it } from 'vitest';
import type { Block } from '../../src/contracts/training-spec.ts';
import { Network } from '../../src/training/network.ts';
import { noise } from './specs.ts';

type ConvBlock = Exclude<Block, { type: 'dense' }>;

const IMAGES = 4;
const EPSILON = 1e-3;
const labels = Uint8Array.from([0, 2, 1, 2]);
const training = { seed: 7, step: 3 };

const cases: readonly { readonly name: string; readonly blocks: readonly Block[] }[] = [
  { name: 'softmax regression', blocks: [] },
  { name: 'dense with relu', blocks: [dense('relu', 0)] },
  { name: 'dense with tanh', blocks: [dense('tanh', 0)] },
  { name: 'two dense layers', blocks: [dense('tanh', 0), dense('relu', 0)] },
  { name: 'dropout with a fixed mask', blocks: [dense('tanh', 0.4), dense('tanh', 0.2)] },
  { name: 'convolution', blocks: [conv('none', 'tanh')] },
  { name: 'convolution with relu and max pooling', blocks: [conv('max2', 'relu')] },
  { name: 'convolution with relu and average pooling', blocks: [conv('avg2', 'relu')] },
  { name: '1x1 convolutions', blocks: [conv('none', 'tanh', 'conv1x1'), conv('avg2', 'tanh', 'conv1x1')] },
  { name: '5x5 convolutions', blocks: [conv('none', 'tanh', 'conv5x5'), conv('avg2', 'tanh', 'conv5x5')] },
  {
    name: 'dropout after convolutions, with a fixed mask',
    blocks: [
      { ...conv('max2', 'tanh', 'conv5x5'), dropout: 0.3 },
      { ...conv('none', 'relu', 'conv1x1'), dropout: 0.2 },
    ],
  },
  {
    name: 'two convolutions, pooling of an odd size and a dense layer',
    blocks: [conv('none', 'tanh'), conv('max2', 'tanh'), dense('relu', 0)],
  },
];

function dense(activation: 'relu' | 'tanh', dropout: number): Block {
  return { type: 'dense', units: 6, activation, dropout };
}

function conv(pool: ConvBlock['pool'], activation: 'relu' | 'tanh', type: ConvBlock['type'] = 'conv3x3'): ConvBlock {
  return { type, filters: 3, pool, activation };
}

// Random biases keep values off the kink of relu, where a difference quotient means nothing.
function randomNetwork(blocks: readonly Block[]): Network {
  const model = { input: { height: 5, width: 4, channels: 2 }, blocks: [...blocks], classes: 3 };
  const network = new Network(model, { maxBatch: IMAGES, extraRegions: 2 });
  network.region(0).set(noise(2, network.plan.paramCount).map((value) => value * 0.5));
  return network;
}

// The forward pass works in place, so the images are written before each pass.
function loss(network: Network): number {
  network.inputView(IMAGES).set(noise(3, IMAGES * 40));
  return network.gradients(labels, training);
}

function centralDifferences(network: Network): Float64Array {
  const params = network.region(0);
  return Float64Array.from(params, (value, index) => {
    params[index] = value + EPSILON;
    const above = loss(network);
    params[index] = value - EPSILON;
    const below = loss(network);
    params[index] = value;
    return (above - below) / (Math.fround(value + EPSILON) - Math.fround(value - EPSILON));
  });
}

function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    difference += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
    size += (a[i] ?? 0) ** 2 + (b[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference / size);
}

describe('gradients', () => {
  for (const { name, blocks } of cases) {
    it(`agree with central differences for ${name}`, () => {
      const network = randomNetwork(blocks);
      loss(network);
      const computed = network.region(1).slice();
      const measured = centralDifferences(network);
      for (const { offset, count } of network.plan.slots) {
        const part = [offset, offset + count] as const;
        expect(relativeError(computed.subarray(...part), measured.subarray(...part))).toBeLessThan(5e-3);
      }
    });
  }

  for (const [name, block] of [
    ['a dense block', dense('tanh', 0.4)],
    ['a convolution', { ...conv('avg2', 'tanh'), dropout: 0.4 }],
  ] as const) {
    it(`are another without the dropout of ${name}, so the mask does something`, () => {
      const network = randomNetwork([block]);
      const masked = loss(network);
      network.inputView(IMAGES).set(noise(3, IMAGES * 40));
      expect(network.gradients(labels, null)).not.toBe(masked);
      network.inputView(IMAGES).set(noise(3, IMAGES * 40));
      expect(network.gradients(labels, { ...training, step: 4 })).not.toBe(masked);
    });
  }
});
