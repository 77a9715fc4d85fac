import type { z } from 'zod';

/**
 * Says in plain words what a schema refused: `path: expected …, got …` for each problem.
 *
 * @param input - the refused value, to show what came.
 */
export function explainIssues(issues: readonly z.core.$ZodIssue[], input: unknown): string {
  return issues.flatMap((issue) => explain(issue, [], input)).join('; ');
}

function explain(issue: z.core.$ZodIssue, parent: readonly PropertyKey[], input: unknown): string[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return explainUnion(issue.errors, path, input);
  return [`${pathText(path)}: ${expectation(issue, valueAt(input, path))}`];
}

// The branch that got furthest is the one the author meant.
function explainUnion(branches: readonly z.core.$ZodIssue[][], path: readonly PropertyKey[], input: unknown): string[] {
  const meant = branches.find((branch) => !isOtherType(branch));
  if (meant !== undefined) return meant.flatMap((issue) => explain(issue, path, input));
  const types = branches.flat().flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : []));
  return [`${pathText(path)}: expected ${types.join(' or ')}, got ${shown(valueAt(input, path))}`];
}

function isOtherType(branch: readonly z.core.$ZodIssue[]): boolean {
  return branch.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0);
}

function expectation(issue: z.core.$ZodIssue, got: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}, got ${shown(got)}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}, got ${shown(got)}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}, got ${shown(got)}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}, got ${shown(got)}`;
    case 'unrecognized_keys':
      return `expected no other keys, got ${issue.keys.join(', ')}`;
    default:
      return issue.message.startsWith('expected') ? issue.message : `${issue.message}, got ${shown(got)}`;
  }
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the whole value';
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined), input);
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
