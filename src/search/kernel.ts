import type { ParamValue } from '../contracts/search-space.ts';
import type { Stream } from './random-stream.ts';

/**
 * One parameter's factor of every component of a mixture. There is a component for each sample and a last one that is even
 * everywhere; so is a component whose sample did not have the parameter.
 */
export interface Kernel {
  /** A value of a component. */
  draw(component: number, stream: Stream): ParamValue;
  /** Adds to each component's sum the logarithm of its density at `value`. */
  addLogDensity(value: ParamValue, sums: Float64Array): void;
}

/** The values of a parameter in the samples; none where it is inactive. */
export type SampleValues = readonly (ParamValue | undefined)[];
