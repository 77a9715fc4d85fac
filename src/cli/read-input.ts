import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UserError } from '../contracts/user-error.ts';
import type { CliContext } from './context.ts';
import { usageError } from './format-error.ts';
import { parseInputText } from './parse-input-text.ts';
import { applySets } from './set-values.ts';

/** Nothing larger is read, in bytes. */
const BYTES_MAX = 3 * 1024 * 1024;

/** An input, and the folder that relative paths in it start from. */
export interface ReadInput {
  readonly value: unknown;
  readonly base_dir: string;
}

/** Reads JSON or YAML from a file, or from stdin when it is `-`, then applies `--set k=v`. Throws UserErrors of exit 2. */
export async function readInput(context: CliContext, file: string, sets: readonly string[] = []): Promise<ReadInput> {
  const fromStdin = file === '-';
  const path = resolve(context.cwd, file);
  const text = fromStdin ? await collect(context.stdin, 'stdin') : await readTextFile(path, file);
  return { value: applySets(parseInputText(text, fromStdin ? 'stdin' : file), sets), base_dir: fromStdin ? context.cwd : dirname(path) };
}

/** A text file of at most 3 MiB; `name` is what the user called it. */
export async function readTextFile(path: string, name: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => error);
  if (found instanceof Error) throw cannotRead(name, found);
  if (typeof found === 'object' && found !== null && 'size' in found && Number(found.size) > BYTES_MAX) throw tooLarge(name, Number(found.size));
  return collect(createReadStream(path), name);
}

async function collect(chunks: AsyncIterable<Uint8Array | string>, name: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > BYTES_MAX) throw tooLarge(name, bytes);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof UserError ? error : cannotRead(name, error);
  }
  return Buffer.concat(parts).toString('utf8');
}

function tooLarge(name: string, bytes: number): UserError {
  return usageError(`${name}: expected at most ${BYTES_MAX} bytes, got ${bytes}${name === 'stdin' ? ' or more' : ''}`, 'store large data as files and pass their paths');
}

function cannotRead(name: string, cause: unknown): UserError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const why = missing ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause);
  return usageError(`${name}: expected a file that can be read, but ${why}`, 'give the path of a JSON or YAML file, or - for stdin');
}
