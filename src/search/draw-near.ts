import type { Stream } from './random-stream.ts';
import type { Scale } from './scale.ts';

const DRAWS = 16;

/** Where on a scale to draw, and how far around. */
export interface Near {
  readonly mean: number;
  readonly sigma: number;
  /** Refuses what the draw must not give. Default: nothing. */
  readonly accept?: (value: number) => boolean;
}

/** A value of the normal distribution around a place, within the scale's ends; nothing when no draw would do. */
export function drawNear(scale: Scale, { mean, sigma, accept }: Near, stream: Stream): number | undefined {
  for (let draw = 0; draw < DRAWS; draw++) {
    const place = mean + sigma * stream.normal();
    const value = scale.fromScale(place);
    const inside = place >= scale.low && place <= scale.high;
    if (inside && (accept === undefined || accept(value))) return value;
  }
  return undefined;
}
