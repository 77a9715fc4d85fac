import type { FloatParameter, IntParameter } from '../contracts/search-space.ts';

export type NumericParameter = IntParameter | FloatParameter;

/** The line on which a numeric parameter is drawn evenly: logarithms where it says `log`, steps for whole numbers. */
export interface Scale {
  /** The ends of the line. A whole number owns the half step on both of its sides. */
  readonly low: number;
  readonly high: number;
  readonly toScale: (value: number) => number;
  /** The value nearest to a place on the line, within the parameter's bounds. */
  readonly fromScale: (place: number) => number;
  /** The part of the line that a value owns; of a real number, none. */
  readonly cell: (value: number) => readonly [number, number] | null;
}

export function scaleOf(parameter: NumericParameter): Scale {
  if (parameter.type === 'float') return floatScale(parameter);
  return parameter.log === true ? logIntScale(parameter) : intScale(parameter);
}

/** How many values an int parameter has. */
export function countInts({ low, high, step = 1 }: IntParameter): number {
  return Math.floor((high - low) / step) + 1;
}

function floatScale({ low, high, log }: FloatParameter): Scale {
  const [toScale, back] = log === true ? [Math.log, Math.exp] : [same, same];
  return {
    low: toScale(low),
    high: toScale(high),
    toScale,
    // exp(log(x)) may be a bit outside.
    fromScale: (place) => clip(back(place), low, high),
    cell: () => null,
  };
}

function intScale(parameter: IntParameter): Scale {
  const { low, step = 1 } = parameter;
  const count = countInts(parameter);
  const toScale = (value: number): number => (value - low) / step;
  return {
    low: -0.5,
    high: count - 0.5,
    toScale,
    fromScale: (place) => low + step * clip(Math.round(place), 0, count - 1),
    cell: (value) => [toScale(value) - 0.5, toScale(value) + 0.5],
  };
}

function logIntScale({ low, high }: IntParameter): Scale {
  return {
    low: Math.log(low - 0.5),
    high: Math.log(high + 0.5),
    toScale: Math.log,
    fromScale: (place) => clip(Math.round(Math.exp(place)), low, high),
    cell: (value) => [Math.log(value - 0.5), Math.log(value + 0.5)],
  };
}

function same(value: number): number {
  return value;
}

function clip(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
