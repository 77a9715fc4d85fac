import type { ParamValue } from '../contracts/search-space.ts';
import type { Stream } from './random-stream.ts';

/**
 * One parameter's factor of every component of a mixture. Components are alike where their samples are, so each only says which
 * of a few shapes it has. Shape 0 is even everywhere: that of components whose sample did not have the parameter, and of the
 * last one, which has no sample.
 */
export interface Kernel {
  /** The shape of each component. */
  readonly shapes: Int32Array;
  /** A value of a shape. */
  readonly draw: (shape: number, stream: Stream) => ParamValue;
  /** Logarithm of the density of each shape at a value; good until the next call. */
  readonly logDensities: (value: ParamValue) => Float64Array;
}

/** The values of a parameter in the samples; none where it is inactive. */
export type SampleValues = readonly (ParamValue | undefined)[];
