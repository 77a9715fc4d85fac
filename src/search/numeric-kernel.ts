import { drawNear } from './draw-near.ts';
import type { Kernel, SampleValues } from './kernel.ts';
import { normalCdf } from './normal-cdf.ts';
import { drawValue } from './parameter-values.ts';
import { type NumericParameter, type Scale, scaleOf } from './scale.ts';

const SMALLEST_MASS = 1e-12;

/** A normal distribution around each sample, cut off at the ends of the scale, as wide as the gaps to its neighbours. */
export function createNumericKernel(parameter: NumericParameter, samples: SampleValues): Kernel {
  const scale = scaleOf(parameter);
  const bells = sortedBells(scale, samples);
  const ofComponent = new Map(bells.map((bell) => [bell.component, bell]));
  const evenComponents = [...samples.keys(), samples.length].filter((component) => !ofComponent.has(component));
  return {
    draw: (component, stream) => {
      const bell = ofComponent.get(component);
      const near = bell === undefined ? undefined : drawNear(scale, bell, stream);
      return near ?? drawValue(parameter, stream);
    },
    addLogDensity: (value, sums) => {
      const even = logEven(scale, value as number);
      for (const component of evenComponents) sums[component] = (sums[component] ?? 0) + even;
      addBells(sums, bells, logDensityAt(scale, value as number));
    },
  };
}

interface Bell {
  readonly component: number;
  readonly mean: number;
  readonly sigma: number;
  /** Logarithm of its mass between the ends of the scale. */
  readonly logInside: number;
}

function sortedBells(scale: Scale, samples: SampleValues): readonly Bell[] {
  const places = samples
    .flatMap((value, component) => (value === undefined ? [] : [{ component, mean: scale.toScale(value as number) }]))
    .toSorted((a, b) => a.mean - b.mean || a.component - b.component);
  // Optuna's "magic clip": few samples must not freeze the search.
  const narrowest = (scale.high - scale.low) / Math.min(100, places.length + 2);
  return places.map(({ component, mean }, index) => {
    const gaps = [mean - (places[index - 1]?.mean ?? mean), (places[index + 1]?.mean ?? mean) - mean];
    const sigma = places.length === 1 ? scale.high - scale.low : Math.max(narrowest, ...gaps);
    return { component, mean, sigma, logInside: Math.log(mass({ mean, sigma }, scale.low, scale.high)) };
  });
}

// Equal bells stand side by side, and are computed once: an int has few values, and there may be 1,000 samples.
function addBells(sums: Float64Array, bells: readonly Bell[], logDensity: (bell: Bell) => number): void {
  let before: Bell | undefined;
  let density = 0;
  for (const bell of bells) {
    if (bell.mean !== before?.mean || bell.sigma !== before.sigma) density = logDensity(bell);
    before = bell;
    sums[bell.component] = (sums[bell.component] ?? 0) + density;
  }
}

// The mass of a whole number's cell, the density of a real number.
function logDensityAt(scale: Scale, value: number): (bell: Bell) => number {
  const cell = scale.cell(value);
  if (cell !== null) return (bell) => Math.log(mass(bell, ...cell)) - bell.logInside;
  const place = scale.toScale(value);
  return ({ mean, sigma, logInside }) => -0.5 * ((place - mean) / sigma) ** 2 - Math.log(sigma * Math.sqrt(2 * Math.PI)) - logInside;
}

function logEven(scale: Scale, value: number): number {
  const [from, to] = scale.cell(value) ?? [0, 1];
  return Math.log((to - from) / (scale.high - scale.low));
}

function mass({ mean, sigma }: Pick<Bell, 'mean' | 'sigma'>, from: number, to: number): number {
  return Math.max(SMALLEST_MASS, normalCdf((to - mean) / sigma) - normalCdf((from - mean) / sigma));
}
