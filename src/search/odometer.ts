import type { Params, ParamValue } from '../contracts/search-space.ts';
import { buildParams, type Dimension, knownValue } from './dimensions.ts';
import { countValues, indexOfValue, nthValue } from './parameter-values.ts';

/** The configurations of a space one by one, the last parameter turning fastest; real numbers stand at `gridPoints` places. */
export interface Odometer {
  first(): Params;
  /** The one after `params`; null after the last. */
  next(params: Params): Params | null;
}

export function createOdometer(dimensions: readonly Dimension[], gridPoints: number): Odometer {
  const start = ({ parameter }: Dimension): ParamValue => nthValue(parameter, 0, gridPoints);
  const turned = (params: Params, turning: number): Params =>
    buildParams(dimensions, (dimension, index) => {
      if (index > turning) return start(dimension);
      const { parameter } = dimension;
      const value = knownValue(params, dimension) ?? start(dimension);
      return index < turning ? value : nthValue(parameter, indexOfValue(parameter, value, gridPoints) + 1, gridPoints);
    });
  const canTurn = (dimension: Dimension, params: Params): boolean => {
    const { parameter } = dimension;
    const value = knownValue(params, dimension);
    return value !== undefined && indexOfValue(parameter, value, gridPoints) + 1 < countValues(parameter, gridPoints);
  };
  return {
    first: () => buildParams(dimensions, start),
    next: (params) => {
      const turning = dimensions.findLastIndex((dimension) => canTurn(dimension, params));
      return turning < 0 ? null : turned(params, turning);
    },
  };
}
