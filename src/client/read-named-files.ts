import { resolve } from 'node:path';
import type { Kind } from '../contracts/kinds.ts';
import { invalidInput } from './errors.ts';
import { parseInputText } from './parse-input-text.ts';
import { readTextFile } from './read-text.ts';

/**
 * The input with the content of the files that it names, in the fields that take it; what stands there already goes before what the
 * file says. Without a `base_dir` an input may not name files: whoever sends it may not be the one whose files they are.
 */
export async function readNamedFiles(kind: Kind, input: unknown, base_dir: string | undefined): Promise<unknown> {
  if (!isObject(input)) return input;
  let filled = input;
  for (const [field, target] of Object.entries(kind.files ?? {})) {
    const path = input[field];
    if (typeof path !== 'string' || path === '') continue;
    if (base_dir === undefined)
      throw invalidInput(
        `${field}: expected an input that names no file here, got ${JSON.stringify(path)}`,
        `put the file's content into ${target}`,
      );
    const content = parseInputText(await readTextFile(resolve(base_dir, path), `${field} ${path}`), path);
    filled = { ...filled, [target]: merged(content, filled[target]) };
  }
  return filled;
}

function merged(content: unknown, given: unknown): unknown {
  if (given === undefined) return content;
  return isObject(content) && isObject(given) ? { ...content, ...given } : given;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
