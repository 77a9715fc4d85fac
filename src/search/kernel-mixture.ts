import type { Params, ParamValue } from '../contracts/search-space.ts';
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
  const varied = dimensions.filter(({ parameter }) => countValues(parameter) > 1);
  const kernels = new Map(varied.map((dimension) => [dimension, createKernel(dimension, samples)]));
  const weights = [...sampleWeights(samples.length), 1];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logWeights = new Float64Array(weights.map((weight) => Math.log(weight / total)));
  return {
    draw: (stream) => {
      const component = pick(weights, stream.unit() * total);
      return buildParams(dimensions, (dimension) => {
        const kernel = kernels.get(dimension);
        return kernel === undefined ? firstValue(dimension) : kernel.draw(kernel.shapes[component] ?? 0, stream);
      });
    },
    logDensity: (candidate) => {
      const sums = logWeights.slice();
      for (const [dimension, kernel] of kernels) {
        const value = knownValue(candidate, dimension);
        if (value !== undefined) addDensities(sums, kernel, value);
      }
      return logSumExp(sums);
    },
  };
}

function addDensities(sums: Float64Array, { shapes, logDensities }: Kernel, value: ParamValue): void {
  const densities = logDensities(value);
  for (let component = 0; component < sums.length; component++) {
    sums[component] = (sums[component] ?? 0) + (densities[shapes[component] ?? 0] ?? 0);
  }
}

function createKernel(dimension: Dimension, samples: readonly Params[]): Kernel {
  const { parameter } = dimension;
  const values = samples.map((params) => knownValue(params, dimension));
  return parameter.type === 'categorical' ? createChoiceKernel(parameter, values) : createNumericKernel(parameter, values);
}

// A parameter with one value says nothing, and has no kernel.
function firstValue({ parameter }: Dimension): ParamValue {
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
  // Below e^-40 of the largest, a part is lost in rounding: most are, and the exponential is dear.
  for (const value of values) if (value > max - 40) sum += Math.exp(value - max);
  return max + Math.log(sum);
}
