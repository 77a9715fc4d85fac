import type { Parameter, Params, ParamValue, SearchSpace } from './search-space.ts';

// The parameters that a search on our trainers may vary: `depth`, for each block `block1_op` … `block8_pooling`, the same names
// without their block as the default of all blocks, and how the network is trained. Both engines read them so.

/** Most hidden blocks. */
export const MAX_DEPTH = 8;

/** A hidden block. `kernel` and `pooling` say nothing of a dense one. */
export interface BlockParams {
  readonly op: 'dense' | 'conv';
  /** Units, 1 to 1,024; of a convolution filters, 1 to 256. */
  readonly width: number;
  /** Pixels along one side. */
  readonly kernel: 1 | 3 | 5;
  readonly activation: 'relu' | 'tanh';
  /** Share of outputs set to zero in training, 0 to 0.9. */
  readonly dropout: number;
  /** 2×2 with stride 2. */
  readonly pooling: 'none' | 'max' | 'avg';
}

/** How a network is trained. */
export interface OptimizerParams {
  readonly optimizer: 'adam' | 'sgd';
  /** Above 0, at most 1. */
  readonly learning_rate: number;
  /** Of `sgd`, 0 to 0.999. */
  readonly momentum: number;
  /** Images per step, 1 to 4,096. */
  readonly batch_size: number;
}

export const BLOCK_DEFAULTS: BlockParams = { op: 'dense', width: 64, kernel: 3, activation: 'relu', dropout: 0, pooling: 'max' };
export const OPTIMIZER_DEFAULTS: OptimizerParams = { optimizer: 'adam', learning_rate: 0.001, momentum: 0.9, batch_size: 64 };

/** What is wrong, and where: the path begins with the parameter's name. */
export interface ArchitectureIssue {
  readonly path: (string | number)[];
  readonly message: string;
}

/** What a value may be: one of a few, or a number in a range; `open`: above `low`. */
type Allowed = { readonly values: readonly ParamValue[] } | Range;

interface Range {
  readonly type: 'int' | 'float';
  readonly low: number;
  readonly high: number;
  readonly open?: boolean;
  readonly note?: string;
}

const BLOCK: Readonly<Record<keyof BlockParams, Allowed>> = {
  op: { values: ['dense', 'conv'] },
  width: { type: 'int', low: 1, high: 1024 },
  kernel: { values: [1, 3, 5] },
  activation: { values: ['relu', 'tanh'] },
  dropout: { type: 'float', low: 0, high: 0.9 },
  pooling: { values: ['none', 'max', 'avg'] },
};

const FILTERS: Allowed = { type: 'int', low: 1, high: 256, note: 'filters of a conv block' };

const OPTIMIZER: Readonly<Record<keyof OptimizerParams, Allowed>> = {
  optimizer: { values: ['adam', 'sgd'] },
  learning_rate: { type: 'float', low: 0, high: 1, open: true },
  momentum: { type: 'float', low: 0, high: 0.999 },
  batch_size: { type: 'int', low: 1, high: 4096 },
};

const BLOCK_NUMBERS = Array.from({ length: MAX_DEPTH }, (_, index) => index + 1);

/** By name, in the order in which people are told. */
const ALLOWED: ReadonlyMap<string, Allowed> = new Map<string, Allowed>([
  ['depth', { type: 'int', low: 1, high: MAX_DEPTH }],
  ...BLOCK_NUMBERS.flatMap((number) => Object.entries(BLOCK).map(([name, allowed]) => [ofBlock(number, name), allowed] as const)),
  ...Object.entries(BLOCK),
  ...Object.entries(OPTIMIZER),
]);

/** The hidden blocks of a configuration that has no issues, from 1 to 8, defaults filled in. */
export function blocksOf(params: Params): readonly BlockParams[] {
  const highest = BLOCK_NUMBERS.findLast((number) => Object.keys(BLOCK).some((name) => ofBlock(number, name) in params));
  const depth = Number(params['depth'] ?? highest ?? 1);
  return BLOCK_NUMBERS.slice(0, depth).map((number) => filled(BLOCK_DEFAULTS, (name) => params[ofBlock(number, name)] ?? params[name]));
}

/** How a configuration that has no issues is trained, defaults filled in. */
export function optimizerOf(params: Params): OptimizerParams {
  return filled(OPTIMIZER_DEFAULTS, (name) => params[name]);
}

/** Checks a search space: unknown names, parameters of a wrong type, values that cannot be. None: it can be searched. */
export function architectureIssues(space: SearchSpace): ArchitectureIssue[] {
  return Object.entries(space).flatMap(([name, parameter]) => {
    const allowed = ALLOWED.get(name);
    if (allowed === undefined) return [unknownName(name)];
    const issues = parameterIssues(parameter, isFilters(space, name, parameter) ? FILTERS : allowed);
    return issues.map(({ path, message }) => ({ path: [name, ...path], message }));
  });
}

/** Checks one configuration in the same way. */
export function paramsIssues(params: Params): ArchitectureIssue[] {
  const issues = Object.entries(params).flatMap(([name, value]) => {
    const allowed = ALLOWED.get(name);
    if (allowed === undefined) return [unknownName(name)];
    return fits(value, allowed) ? [] : [{ path: [name], message: refusal(value, allowed) }];
  });
  return issues.length > 0 ? issues : tooManyFilters(params);
}

function ofBlock(number: number, name: string): string {
  return `block${number}_${name}`;
}

function filled<T extends object>(defaults: T, given: (name: string) => ParamValue | undefined): T {
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, given(name) ?? value])) as T;
}

function parameterIssues(parameter: Parameter, allowed: Allowed): ArchitectureIssue[] {
  const { type } = parameter;
  if (type === 'categorical') {
    const wrong = (value: ParamValue, at: number) =>
      fits(value, allowed) ? [] : [{ path: ['choices', at], message: refusal(value, allowed) }];
    return parameter.choices.flatMap(wrong);
  }
  if ('values' in allowed)
    return [{ path: ['type'], message: `expected categorical, with choices out of ${allowed.values.join(', ')}, got ${type}` }];
  if (allowed.type === 'int' && type === 'float') return [{ path: ['type'], message: 'expected int or categorical, got float' }];
  const outside = (['low', 'high'] as const).filter((end) => !fits(parameter[end], allowed));
  return outside.map((end) => ({ path: [end], message: refusal(parameter[end], allowed) }));
}

/** Whether a width is of convolutions only: the block can have no other operation where this parameter is active. */
function isFilters(space: SearchSpace, name: string, { when }: Parameter): boolean {
  const block = /^(block\d_|)width$/.exec(name)?.[1];
  if (block === undefined) return false;
  const opName = `${block}op` in space ? `${block}op` : 'op';
  const op = space[opName];
  const possible = when?.[opName] ?? (op?.type === 'categorical' ? op.choices : BLOCK_DEFAULTS.op);
  return [possible].flat().every((value) => value === 'conv');
}

function tooManyFilters(params: Params): ArchitectureIssue[] {
  const wrong = blocksOf(params).flatMap(({ op, width }, index) => {
    if (op !== 'conv' || fits(width, FILTERS)) return [];
    const own = ofBlock(index + 1, 'width');
    return [own in params ? own : 'width'];
  });
  return [...new Set(wrong)].map((name) => ({ path: [name], message: refusal(params[name], FILTERS) }));
}

function fits(value: ParamValue, allowed: Allowed): boolean {
  if ('values' in allowed) return allowed.values.includes(value);
  if (typeof value !== 'number' || (allowed.type === 'int' && !Number.isInteger(value))) return false;
  return (allowed.open === true ? value > allowed.low : value >= allowed.low) && value <= allowed.high;
}

function refusal(value: ParamValue | undefined, allowed: Allowed): string {
  const got = `got ${JSON.stringify(value) ?? 'nothing'}`;
  if ('values' in allowed) return `expected one of ${allowed.values.join(', ')}, ${got}`;
  const { type, low, high, open, note } = allowed;
  const what = type === 'int' ? 'an integer' : 'a number';
  const range = open === true ? `above ${low}, at most ${high}` : `from ${low} to ${high}`;
  return `expected ${what} ${range}${note === undefined ? '' : ` (${note})`}, ${got}`;
}

function unknownName(name: string): ArchitectureIssue {
  const known = [...ALLOWED.keys()];
  const shown = known.filter((other) => !/^block[2-8]_/.test(other));
  const upTo = shown.map((other) => (other === ofBlock(1, 'pooling') ? `${other}, … ${ofBlock(MAX_DEPTH, 'pooling')}` : other));
  const [nearest] = known.map((other) => ({ other, far: distance(name, other) })).toSorted((a, b) => a.far - b.far);
  const meant = nearest && nearest.far <= 3 ? `; did you mean ${JSON.stringify(nearest.other)}?` : '';
  return { path: [name], message: `expected one of ${upTo.join(', ')}, got ${JSON.stringify(name)}${meant}` };
}

/** Letters to insert, remove or exchange between two names (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(exchanged, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}
