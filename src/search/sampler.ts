import type { Params } from '../contracts/search-space.ts';
import { SearchError } from './errors.ts';
import { checkSamplerOptions, type SamplerOptions } from './sampler-options.ts';
import { propose } from './propose.ts';

/** A configuration to try. */
export interface Ask {
  /** From 0, in order of asking. */
  readonly number: number;
  readonly params: Params;
}

/** How a trial ended: with a finite number, or not at all and why. */
export type Outcome = number | { readonly failed: string };

/**
 * Proposes configurations and learns from what became of them. Any number may be outstanding, and be told in any order.
 * A proposal depends on the seed, its number, and what was asked and told before, told in whatever order: a sampler that is made
 * again and asked and told the same goes on the same.
 */
export interface Sampler {
  /**
   * The next configuration. None is proposed twice while a finite space has others. Null only from `grid`, when all of it was asked.
   */
  ask(): Ask | null;
  /**
   * Says what became of a configuration.
   *
   * @throws SearchError `TRIAL_UNKNOWN`, `TRIAL_TOLD`, `VALUE_INVALID` (tell `{ failed: 'why' }` instead of NaN).
   */
  tell(number: number, outcome: Outcome): void;
}

/**
 * Makes a sampler that maximizes, or minimizes when told so.
 *
 * @throws SearchError `OPTIONS_INVALID`, with a line `path: expected …, got …` for each fault.
 *
 * @example
 * const sampler = createSampler({ name: 'tpe', space: { x: { type: 'float', low: 0, high: 1 } }, seed: 7 });
 * const asked = sampler.ask();
 * if (asked !== null) sampler.tell(asked.number, score(asked.params));
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { name, space, seed, direction, grid_points, feasible } = checkSamplerOptions(options);
  const sign = direction === 'minimize' ? -1 : 1;
  const asked: Params[] = [];
  const told = new Map<number, number | null>();
  return {
    ask: () => {
      const number = asked.length;
      const observations = asked.flatMap((params, index) => {
        const value = told.get(index);
        return value === undefined ? [] : [{ number: index, params, epochs: 0, value }];
      });
      const params = propose({ sampler: name, space, seed, number, observations, tried: asked, feasible, gridPoints: grid_points });
      if (params === null) return null;
      asked.push(params);
      // A copy: what a caller does to it must not change what is proposed later.
      return { number, params: { ...params } };
    },
    tell: (number, outcome) => {
      refuseTell(number, outcome, { asked: asked.length, told });
      told.set(number, typeof outcome === 'number' ? sign * outcome : null);
    },
  };
}

interface Known {
  readonly asked: number;
  readonly told: ReadonlyMap<number, number | null>;
}

function refuseTell(number: number, outcome: Outcome, { asked, told }: Known): void {
  if (!Number.isInteger(number) || number < 0 || number >= asked) {
    const known = asked === 0 ? 'nothing has been asked yet' : `0 to ${asked - 1} have been asked`;
    throw new SearchError('TRIAL_UNKNOWN', `number: expected that of a trial that was asked (${known}), got ${number}`);
  }
  if (told.has(number)) throw new SearchError('TRIAL_TOLD', `number: expected a trial that was not told yet, got ${number} again`);
  const failed = typeof outcome === 'object' && outcome !== null && typeof outcome.failed === 'string';
  if (failed || Number.isFinite(outcome)) return;
  const got = typeof outcome === 'number' ? String(outcome) : (JSON.stringify(outcome) ?? typeof outcome);
  throw new SearchError('VALUE_INVALID', `value of trial ${number}: expected a finite number, or { failed: "why" }, got ${got}`);
}
