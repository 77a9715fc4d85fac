import type { Params, ParamValue } from '../contracts/search-space.ts';
import { buildParams, type Dimension, drawParams, knownValue } from './dimensions.ts';
import { drawNear } from './draw-near.ts';
import { compareObservations, type Observation } from './observation.ts';
import { countValues, drawValue, indexOfValue, nthValue } from './parameter-values.ts';
import { randomSearch } from './random-search.ts';
import type { Stream } from './random-stream.ts';
import { type NumericParameter, scaleOf } from './scale.ts';
import type { CreateStrategy } from './strategy.ts';

/** The youngest configurations with a result; older ones have died, however good they were. */
const POPULATION = 10;
const TOURNAMENT = 3;
/** Standard deviation of a step, as a share of the parameter's scale. */
const STEP = 0.2;

/**
 * Regularized evolution (Real et al. 2019): the best of 3 drawn from the youngest 10 gets one parameter changed. With fewer
 * results than 10 it draws at random.
 */
export const evolution: CreateStrategy = (dimensions, observations) => {
  const population = observations.slice(-POPULATION);
  if (population.length < POPULATION) return randomSearch(dimensions, observations);
  return {
    candidates: 1,
    draw: (stream) => mutate(dimensions, winner(population, stream), stream),
    choose: ([only = null]) => only,
  };
};

function winner(population: readonly Observation[], stream: Stream): Params {
  const waiting = [...population];
  const drawn = Array.from({ length: TOURNAMENT }, () => waiting.splice(stream.below(waiting.length), 1)).flat();
  return drawn.toSorted(compareObservations)[0]?.params ?? {};
}

// A parameter that becomes active is drawn; one that becomes inactive is left out.
function mutate(dimensions: readonly Dimension[], parent: Params, stream: Stream): Params {
  const changeable = dimensions.filter((dimension) => knownValue(parent, dimension) !== undefined && countValues(dimension.parameter) > 1);
  const changed = changeable[stream.below(changeable.length)];
  if (changed === undefined) return drawParams(dimensions, stream);
  return buildParams(dimensions, (dimension) => {
    const value = knownValue(parent, dimension);
    if (value === undefined) return drawValue(dimension.parameter, stream);
    return dimension === changed ? otherValue(dimension, value, stream) : value;
  });
}

function otherValue({ parameter }: Dimension, value: ParamValue, stream: Stream): ParamValue {
  if (parameter.type !== 'categorical') return nearbyValue(parameter, Number(value), stream);
  const others = parameter.choices.filter((choice) => choice !== value);
  return nthValue({ ...parameter, choices: others }, stream.below(others.length), 1);
}

function nearbyValue(parameter: NumericParameter, value: number, stream: Stream): ParamValue {
  const scale = scaleOf(parameter);
  const near = { mean: scale.toScale(value), sigma: STEP * (scale.high - scale.low), accept: (drawn: number) => drawn !== value };
  return drawNear(scale, near, stream) ?? neighbour(parameter, value);
}

function neighbour(parameter: NumericParameter, value: number): ParamValue {
  const index = indexOfValue(parameter, value, 2);
  return nthValue(parameter, index === 0 ? 1 : index - 1, 2);
}
