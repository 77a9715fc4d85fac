import type { CategoricalParameter } from '../contracts/search-space.ts';
import type { Kernel, SampleValues } from './kernel.ts';
import { drawValue } from './parameter-values.ts';

/** Around a sample's choice: that choice, and each of all choices with the weight of one in so many components. */
export function createChoiceKernel(parameter: CategoricalParameter, samples: SampleValues): Kernel {
  const { choices } = parameter;
  const any = 1 / (samples.length + 1);
  const total = 1 + choices.length * any;
  const shapes = new Int32Array(samples.length + 1);
  // Shape 1 is around the first choice; what is missing is no choice, and gets shape 0, the even one.
  for (const [component, value] of samples.entries()) shapes[component] = value === undefined ? 0 : choices.indexOf(value) + 1;
  return {
    shapes,
    draw: (shape, stream) => {
      const centre = choices[shape - 1];
      return centre !== undefined && stream.unit() * total < 1 ? centre : drawValue(parameter, stream);
    },
    logDensities: (value) => {
      const densities = new Float64Array(choices.length + 1).fill(Math.log(any / total));
      densities[0] = -Math.log(choices.length);
      densities[choices.indexOf(value) + 1] = Math.log((1 + any) / total);
      return densities;
    },
  };
}
