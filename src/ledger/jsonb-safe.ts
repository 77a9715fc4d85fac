/** NUL and lone surrogates: JSON can carry them, jsonb and UTF-8 cannot. With the `u` flag a proper pair is one character, not `Cs`. */
const UNSAFE = /[\0\p{Cs}]/gu;

/** How `JSON.stringify` writes them. Also matches text that merely looks so, which costs time but changes nothing. */
const UNSAFE_ESCAPED = /\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * The value as jsonb can hold it: in strings and keys each NUL and each lone surrogate becomes U+FFFD. Returns a new value; pure.
 * What the flush stores is exactly `jsonbSafe` of what it was given.
 */
export function jsonbSafe<T>(value: T): T {
  return safe(value) as T;
}

/** JSON text that a jsonb parameter accepts: `JSON.stringify(jsonbSafe(value))`, without the copy when nothing is to be replaced. */
export function jsonbText(value: unknown): string {
  const text = JSON.stringify(value);
  return UNSAFE_ESCAPED.test(text) ? JSON.stringify(jsonbSafe(value)) : text;
}

function safe(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNSAFE, '\uFFFD');
  if (Array.isArray(value)) return value.map(safe);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.replace(UNSAFE, '\uFFFD'), safe(item)]));
}
