import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** Says each fault of an input as `path: what was expected, what came`; at most five, a line each. */
export function explainIssues(error: z.ZodError, input: unknown): string {
  const lines = error.issues.flatMap((issue) => flatten(issue, [])).map(({ issue, path }) => sentence(issue, path, input));
  const shown = [...new Set(lines)].slice(0, 5);
  return lines.length > shown.length ? `${shown.join('\n')}\n… and ${lines.length - shown.length} more` : shown.join('\n');
}

interface Found {
  readonly issue: Issue;
  readonly path: readonly PropertyKey[];
}

/** Of a union, the alternative that comes closest says what is wrong. */
function flatten(issue: Issue, base: readonly PropertyKey[]): Found[] {
  const path = [...base, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ issue, path }];
  const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? [];
  return closest.flatMap((inner) => flatten(inner, path));
}

function sentence(issue: Issue, path: readonly PropertyKey[], input: unknown): string {
  const where = path.length === 0 ? 'input' : dotted(path);
  const message = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  if (issue.code === 'unrecognized_keys' || message.includes(', got ')) return `${where}: ${message}`;
  return `${where}: ${message}, got ${brief(valueAt(input, path))}`;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map((part, idx) => (typeof part === 'number' ? `[${part}]` : `${idx === 0 ? '' : '.'}${String(part)}`)).join('');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
