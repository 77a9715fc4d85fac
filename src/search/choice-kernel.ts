import type { CategoricalParameter } from '../contracts/search-space.ts';
import type { Kernel, SampleValues } from './kernel.ts';
import { drawValue } from './parameter-values.ts';

/** Around a sample's choice: that choice, and each of all choices with the weight of one in so many components. */
export function createChoiceKernel(parameter: CategoricalParameter, samples: SampleValues): Kernel {
  const count = parameter.choices.length;
  const any = 1 / (samples.length + 1);
  const total = 1 + count * any;
  const [own, other, even] = [Math.log((1 + any) / total), Math.log(any / total), -Math.log(count)];
  return {
    draw: (component, stream) => {
      const centre = samples[component];
      return centre !== undefined && stream.unit() * total < 1 ? centre : drawValue(parameter, stream);
    },
    addLogDensity: (value, sums) => {
      for (let component = 0; component < sums.length; component++) {
        const centre = samples[component];
        const density = centre === value ? own : other;
        sums[component] = (sums[component] ?? 0) + (centre === undefined ? even : density);
      }
    },
  };
}
