import { usageError } from './format-error.ts';

type Container = Record<string, unknown> | unknown[];

const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor']);

/** The value with each `path=value` set in a copy of it: the path is dotted, the value JSON, else a string. Throws exit 2. */
export function applySets(value: unknown, sets: readonly string[]): unknown {
  return sets.reduce((current, text) => applySet(current, text), value);
}

function applySet(value: unknown, text: string): unknown {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(0, equals)).split('.');
  if (equals < 1 || path.some((part) => part === '' || FORBIDDEN.has(part))) {
    throw usageError(
      `--set: expected path=value as in training.epochs=3, got ${JSON.stringify(text.slice(0, 60))}`,
      'give --set path=value',
    );
  }
  return withValue({ value, path, set: valueOf(text.slice(equals + 1)), text });
}

interface Setting {
  readonly value: unknown;
  readonly path: readonly string[];
  readonly set: unknown;
  readonly text: string;
}

function withValue({ value, path, set, text }: Setting): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return set;
  const container = copyOf(value, text, head);
  if (Array.isArray(container) && !(/^\d{1,6}$/.test(head) && Number(head) <= container.length)) {
    throw usageError(
      `--set ${text}: expected an index from 0 to ${container.length} for an element of a list, got "${head}"`,
      'give --set list.0=value',
    );
  }
  const child: unknown = Object.hasOwn(container, head) ? Reflect.get(container, head) : undefined;
  Reflect.set(container, head, withValue({ value: child, path: rest, set, text }));
  return container;
}

function copyOf(value: unknown, text: string, head: string): Container {
  if (value === undefined || value === null) return {};
  if (Array.isArray(value)) return [...value];
  if (typeof value === 'object') return { ...value };
  throw usageError(`--set ${text}: expected an object or list to hold "${head}", got ${JSON.stringify(value)}`, 'give a path that exists');
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
