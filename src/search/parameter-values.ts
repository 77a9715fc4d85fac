import type { Parameter, ParamValue } from '../contracts/search-space.ts';
import type { Stream } from './random-stream.ts';
import { countInts, scaleOf } from './scale.ts';

/** How many values a parameter has, when a real number is taken at `gridPoints` places. */
export function countValues(parameter: Parameter, gridPoints = Number.POSITIVE_INFINITY): number {
  if (parameter.type === 'categorical') return parameter.choices.length;
  if (parameter.low === parameter.high) return 1;
  return parameter.type === 'int' ? countInts(parameter) : gridPoints;
}

/** Value number `index` of {@link countValues}. Those of a real number lie evenly on its scale, both ends included. */
export function nthValue(parameter: Parameter, index: number, gridPoints: number): ParamValue {
  if (parameter.type === 'categorical') return parameter.choices[index] ?? '';
  if (parameter.type === 'int') return parameter.low + index * (parameter.step ?? 1);
  const { low, high, fromScale } = scaleOf(parameter);
  return gridPoints === 1 ? fromScale((low + high) / 2) : fromScale(low + ((high - low) * index) / (gridPoints - 1));
}

/** The inverse of {@link nthValue}. */
export function indexOfValue(parameter: Parameter, value: ParamValue, gridPoints: number): number {
  if (parameter.type === 'categorical') return parameter.choices.indexOf(value);
  if (parameter.low === parameter.high) return 0;
  if (parameter.type === 'int') return (Number(value) - parameter.low) / (parameter.step ?? 1);
  const { low, high, toScale } = scaleOf(parameter);
  return Math.round(((toScale(Number(value)) - low) / (high - low)) * (gridPoints - 1));
}

/** Any value: every choice equally likely, numbers even on their scale. */
export function drawValue(parameter: Parameter, stream: Stream): ParamValue {
  if (parameter.type === 'categorical') return nthValue(parameter, stream.below(parameter.choices.length), 1);
  const { low, high, fromScale } = scaleOf(parameter);
  return fromScale(low + (high - low) * stream.unit());
}
