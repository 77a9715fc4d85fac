import { drawNear } from './draw-near.ts';
import type { Kernel, SampleValues } from './kernel.ts';
import { normalCdf } from './normal-cdf.ts';
import { drawValue } from './parameter-values.ts';
import { type NumericParameter, type Scale, scaleOf } from './scale.ts';

const SMALLEST_MASS = 1e-12;
const ROOT_OF_TWO_PI = Math.sqrt(2 * Math.PI);

/** A normal distribution around each sample, cut off at the ends of the scale, as wide as the larger gap to its neighbours. */
export function createNumericKernel(parameter: NumericParameter, samples: SampleValues): Kernel {
  const scale = scaleOf(parameter);
  const numbers = samples.map((value) => (value === undefined ? Number.NaN : Number(value)));
  const bells = bellsOf(scale, numbers);
  const logs = new Float64Array(bells.means.length + 1);
  const fill = parameter.type === 'int' ? fillMasses : fillDensities;
  return {
    shapes: new Int32Array([...numbers, Number.NaN].map((number) => bells.shapeOf(number))),
    draw: (shape, stream) => {
      const [mean, sigma] = [bells.means[shape - 1], bells.sigmas[shape - 1]];
      if (mean === undefined || sigma === undefined) return drawValue(parameter, stream);
      return drawNear(scale, { mean, sigma }, stream) ?? drawValue(parameter, stream);
    },
    logDensities: (value) => fill(logs, { scale, bells, value: Number(value) }),
  };
}

/** One for each different sample: number `index` is of shape `index + 1`. */
interface Bells {
  readonly means: Float64Array;
  readonly sigmas: Float64Array;
  /** Logarithm of the mass between the ends of the scale. */
  readonly logInsides: Float64Array;
  /** Logarithm of the density at the mean. */
  readonly logPeaks: Float64Array;
  /** The shape of a sample; 0 for NaN. */
  readonly shapeOf: (sample: number) => number;
}

function bellsOf(scale: Scale, numbers: readonly number[]): Bells {
  const sorted = new Float64Array(numbers.filter((number) => !Number.isNaN(number))).toSorted();
  const values = sorted.filter((value, index) => value !== sorted[index - 1]);
  const repeated = new Set(sorted.filter((value, index) => value === sorted[index - 1]));
  const range = scale.high - scale.low;
  // Optuna's "magic clip": few samples must not freeze the search.
  const narrowest = sorted.length === 1 ? range : range / Math.min(100, sorted.length + 2);
  const means = values.map(scale.toScale);
  const sigmas = means.map((mean, index) => {
    const gap = Math.max(mean - (means[index - 1] ?? mean), (means[index + 1] ?? mean) - mean);
    // Samples that agree are each other's neighbours.
    return repeated.has(values[index] ?? 0) ? narrowest : Math.max(narrowest, gap);
  });
  const logInsides = means.map((mean, index) => Math.log(mass(scale.low, scale.high, { mean, sigma: sigmas[index] ?? 1 })));
  const logPeaks = logInsides.map((logInside, index) => -logInside - Math.log((sigmas[index] ?? 1) * ROOT_OF_TWO_PI));
  return { means, sigmas, logInsides, logPeaks, shapeOf: (sample) => placeOf(values, sample) + 1 };
}

/** Where a value stands in a sorted list that holds it; -1 for NaN. */
function placeOf(values: Float64Array, value: number): number {
  if (Number.isNaN(value)) return -1;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Place {
  readonly scale: Scale;
  readonly bells: Bells;
  readonly value: number;
}

/** Of the cell of a whole number. */
function fillMasses(logs: Float64Array, { scale, bells, value }: Place): Float64Array {
  const { means, sigmas, logInsides } = bells;
  const [from, to] = scale.cell(value) ?? [0, 1];
  logs[0] = Math.log((to - from) / (scale.high - scale.low));
  for (let index = 0; index < means.length; index++) {
    const bell = { mean: means[index] ?? 0, sigma: sigmas[index] ?? 1 };
    logs[index + 1] = Math.log(mass(from, to, bell)) - (logInsides[index] ?? 0);
  }
  return logs;
}

/** Of the place of a real number. */
function fillDensities(logs: Float64Array, { scale, bells, value }: Place): Float64Array {
  const { means, sigmas, logPeaks } = bells;
  const place = scale.toScale(value);
  logs[0] = -Math.log(scale.high - scale.low);
  for (let index = 0; index < means.length; index++) {
    const distance = (place - (means[index] ?? 0)) / (sigmas[index] ?? 1);
    logs[index + 1] = (logPeaks[index] ?? 0) - 0.5 * distance * distance;
  }
  return logs;
}

function mass(from: number, to: number, { mean, sigma }: { readonly mean: number; readonly sigma: number }): number {
  return Math.max(SMALLEST_MASS, normalCdf((to - mean) / sigma) - normalCdf((from - mean) / sigma));
}
