import { dirname, resolve } from 'node:path';
import { parseInputText } from '../client/parse-input-text.ts';
import { readText, readTextFile } from '../client/read-text.ts';
import type { CliContext } from './context.ts';
import { applySets } from './set-values.ts';

/** An input, and the folder that relative paths in it start from. */
export interface ReadInput {
  readonly value: unknown;
  readonly base_dir: string;
}

/** Reads JSON or YAML from a file, or from stdin when it is `-`, then applies `--set k=v`. Throws UserErrors of exit 2. */
export async function readInput(context: CliContext, file: string, sets: readonly string[] = []): Promise<ReadInput> {
  const fromStdin = file === '-';
  const path = resolve(context.cwd, file);
  const text = fromStdin ? await readText(context.stdin, 'stdin') : await readTextFile(path, file);
  return { value: applySets(parseInputText(text, fromStdin ? 'stdin' : file), sets), base_dir: fromStdin ? context.cwd : dirname(path) };
}
