import type { Parameter, Params, ParamValue, SearchSpace } from '../contracts/search-space.ts';
import { countValues, drawValue } from './parameter-values.ts';
import type { Stream } from './random-stream.ts';

/** A parameter of a space, with its name. */
export interface Dimension {
  readonly name: string;
  readonly parameter: Parameter;
}

/** The parameters of a space in their order, in which `when` looks back only. */
export function dimensionsOf(space: SearchSpace): readonly Dimension[] {
  return Object.entries(space).map(([name, parameter]) => ({ name, parameter }));
}

/** Builds a configuration: in order, each parameter that is active under the values before it gets what `choose` gives. */
export function buildParams(
  dimensions: readonly Dimension[],
  choose: (dimension: Dimension, index: number, before: Params) => ParamValue,
): Params {
  const params: Record<string, ParamValue> = {};
  for (const [index, dimension] of dimensions.entries()) {
    if (isActive(dimension.parameter, params)) params[dimension.name] = choose(dimension, index, params);
  }
  return params;
}

/** A configuration drawn parameter by parameter, so that of a choice between branches each is as likely, small or large. */
export function drawParams(dimensions: readonly Dimension[], stream: Stream): Params {
  return buildParams(dimensions, ({ parameter }) => drawValue(parameter, stream));
}

/** Whether every parameter has finitely many values. */
export function isFiniteSpace(dimensions: readonly Dimension[]): boolean {
  return dimensions.every(({ parameter }) => Number.isFinite(countValues(parameter)));
}

/** A parameter's value in a configuration; nothing where it is inactive, or has a value that the space does not know. */
export function knownValue(params: Params, { name, parameter }: Dimension): ParamValue | undefined {
  const value = valueOf(params, name);
  return value !== undefined && isKnown(parameter, value) ? value : undefined;
}

function isKnown(parameter: Parameter, value: ParamValue): boolean {
  if (parameter.type === 'categorical') return parameter.choices.includes(value);
  if (typeof value !== 'number' || value < parameter.low || value > parameter.high) return false;
  return parameter.type === 'float' || Number.isInteger((value - parameter.low) / (parameter.step ?? 1));
}

/** What a configuration has under a name, if anything. */
export function valueOf(params: Params, name: string): ParamValue | undefined {
  return Object.hasOwn(params, name) ? params[name] : undefined;
}

function isActive({ when }: Parameter, params: Params): boolean {
  if (when === undefined) return true;
  return Object.entries(when).every(([name, wanted]) => {
    const value = valueOf(params, name);
    return value !== undefined && (isList(wanted) ? wanted.includes(value) : wanted === value);
  });
}

function isList(wanted: ParamValue | readonly ParamValue[]): wanted is readonly ParamValue[] {
  return Array.isArray(wanted);
}
