import type { z } from 'zod';
import type { SamplerChoice } from '../contracts/nas-search.ts';
import { searchSpaceSchema } from '../contracts/search-space-schema.ts';
import type { Params, SearchSpace } from '../contracts/search-space.ts';
import { SearchError } from './errors.ts';

/** What `createSampler` takes. */
export interface SamplerOptions {
  readonly name: SamplerChoice['name'];
  readonly space: SearchSpace;
  /** Integer, 0 to 2^53 - 1. The same seed gives the same proposals. */
  readonly seed: number;
  /** Default `maximize`. */
  readonly direction?: 'maximize' | 'minimize' | undefined;
  /** Places at which a grid takes a float, both ends included, 2 to 1,000. Default 5; the other samplers do not use it. */
  readonly grid_points?: number | undefined;
  /**
   * Says whether a configuration may be tried. One that may not is drawn again, about 200 times; when none may, the last is proposed
   * all the same, except by `grid`. Default: all may.
   */
  readonly feasible?: ((params: Params) => boolean) | undefined;
}

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const RULES: Readonly<Record<Exclude<keyof SamplerOptions, 'space'>, Rule>> = {
  name: oneOf(['random', 'grid', 'tpe', 'evolution']),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  direction: optional(oneOf(['maximize', 'minimize'])),
  grid_points: optional(wholeNumber(2, 1000)),
  feasible: optional({ expected: 'a function of a configuration', accepts: (value) => typeof value === 'function' }),
};

/**
 * Gives back options that are in order.
 *
 * @throws SearchError `OPTIONS_INVALID`, with a line for each fault.
 */
export function checkSamplerOptions(options: SamplerOptions): SamplerOptions {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const known = ['space', ...Object.keys(RULES)];
  const unknown = Object.keys(given).filter((path) => !known.includes(path));
  const space = searchSpaceSchema.safeParse(given['space']);
  const faults = [
    ...unknown.map((path) => `${path}: expected only ${known.join(', ')}, got ${brief(path)}`),
    ...Object.entries(RULES).flatMap(([path, { expected, accepts }]) =>
      accepts(given[path]) ? [] : [`${path}: expected ${expected}, got ${brief(given[path])}`],
    ),
    ...(space.error?.issues ?? []).map(spaceFault),
  ];
  if (space.data === undefined || faults.length > 0) throw new SearchError('OPTIONS_INVALID', faults.join('\n'), { cause: space.error });
  return { ...options, space: space.data };
}

// The schema's messages are whole sentences, with what came.
function spaceFault({ path, message }: z.core.$ZodIssue): string {
  const where = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `space${where}: ${message}`;
}

function oneOf(names: readonly string[]): Rule {
  return { expected: `one of ${names.join(', ')}`, accepts: (value) => typeof value === 'string' && names.includes(value) };
}

function wholeNumber(low: number, high: number): Rule {
  return {
    expected: `a whole number from ${low} to ${high}`,
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high,
  };
}

function optional({ expected, accepts }: Rule): Rule {
  return { expected: `${expected}, or nothing`, accepts: (value) => value === undefined || accepts(value) };
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
