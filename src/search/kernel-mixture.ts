import type { Params } from '../contracts/search-space.ts';
import { createChoiceKernel } from './choice-kernel.ts';
import { buildParams, type Dimension, knownValue } from './dimensions.ts';
import type { Kernel } from './kernel.ts';
import { createNumericKernel } from './numeric-kernel.ts';
import { countValues, nthValue } from './parameter-values.ts';
import type { Stream } from './random-stream.ts';

/** Samples that count in full; of the older ones, the older the less. */
const YOUNG = 25;

/** A density over configurations: around each one that it was made of, and a little everywhere. */
export interface KernelMixture {
  draw(stream: Stream): Params;
  /** Logarithm of the density. */
  logDensity(candidate: Params): number;
}

/**
 * Estimates where configurations lie, all parameters together, so that what works only in combination is seen as such.
 *
 * @param samples - in order of age, the oldest first.
 */
export function createKernelMixture(dimensions: readonly Dimension[], samples: readonly Params[]): KernelMixture {
  const kernels = new Map(dimensions.map((dimension) => [dimension, createKernel(dimension, samples)]));
  const weights = [...sampleWeights(samples.length), 1];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logWeights = Float64Array.from(weights, (weight) => Math.log(weight / total));
  return {
    draw: (stream) => {
      const component = pick(weights, stream.unit() * total);
      return buildParams(dimensions, (dimension) => kernels.get(dimension)?.draw(component, stream) ?? firstValue(dimension));
    },
    logDensity: (candidate) => {
      const sums = Float64Array.from(logWeights);
      for (const dimension of dimensions) {
        const value = knownValue(candidate, dimension);
        if (value !== undefined) kernels.get(dimension)?.addLogDensity(value, sums);
      }
      return logSumExp(sums);
    },
  };
}

// A parameter with one value says nothing, and has no kernel.
function createKernel(dimension: Dimension, samples: readonly Params[]): Kernel | undefined {
  const { parameter } = dimension;
  if (countValues(parameter) === 1) return undefined;
  const values = samples.map((params) => knownValue(params, dimension));
  return parameter.type === 'categorical' ? createChoiceKernel(parameter, values) : createNumericKernel(parameter, values);
}

function firstValue({ parameter }: Dimension): ReturnType<typeof nthValue> {
  return nthValue(parameter, 0, 1);
}

function sampleWeights(count: number): number[] {
  const old = count - YOUNG;
  return Array.from({ length: count }, (_, index) => {
    if (index >= old) return 1;
    return old === 1 ? 1 / count : 1 / count + ((1 - 1 / count) * index) / (old - 1);
  });
}

function pick(weights: readonly number[], at: number): number {
  let left = at;
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

function logSumExp(values: Float64Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) max = Math.max(max, value);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - max);
  return max + Math.log(sum);
}
