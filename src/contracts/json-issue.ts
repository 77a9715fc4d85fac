/** Deeper than this no value is nested: stacks of workers and databases end not far beyond. */
export const JSON_DEPTH_MAX = 200;

/** What of a value is no JSON, and where. */
export interface JsonIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The first thing in a value that JSON cannot carry, in the order of its fields; undefined when it is all JSON. Does not recurse. */
export function jsonIssue(value: unknown): JsonIssue | undefined {
  const left: Located[] = [{ value, path: [] }];
  for (let one = left.pop(); one; one = left.pop()) {
    const { path } = one;
    if (path.length > JSON_DEPTH_MAX) {
      const message = `expected values nested at most ${JSON_DEPTH_MAX} deep, got deeper ones; flatten them`;
      return { path: path.slice(0, 1), message };
    }
    const wrong = wrongness(one.value);
    if (wrong !== undefined)
      return { path, message: `expected text, finite numbers, true, false, null, lists and objects, got ${wrong}; JSON has nothing else` };
    // One by one: a list may be longer than a call may have arguments.
    for (const part of partsOf(one).toReversed()) left.push(part);
  }
  return undefined;
}

interface Located {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
}

function wrongness(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value)) return undefined;
  if (typeof value !== 'object') return value === undefined ? 'nothing' : `a ${typeof value}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return undefined;
  return `a ${value.constructor.name}`;
}

/** A field without a value is one that is not there. */
function partsOf({ value, path }: Located): Located[] {
  if (Array.isArray(value)) return value.map((item: unknown, idx) => ({ value: item, path: [...path, idx] }));
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.map(([key, inner]) => ({ value: inner as unknown, path: [...path, key] }));
}
