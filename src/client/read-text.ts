import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { UserError } from '../contracts/user-error.ts';
import { invalidInput } from './errors.ts';

/** Nothing larger is read, in bytes. */
export const TEXT_BYTES_MAX = 3 * 1024 * 1024;

/** A text file of at most 3 MiB; `name` is what the user called it. Throws INVALID_INPUT (exit 2). */
export async function readTextFile(path: string, name: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw cannotRead(name, error);
  });
  if (found.size > TEXT_BYTES_MAX) throw tooLarge(name, `${found.size}`);
  return readText(createReadStream(path), name);
}

/** The same for a stream. */
export async function readText(chunks: AsyncIterable<Uint8Array | string>, name: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > TEXT_BYTES_MAX) throw tooLarge(name, `${bytes} or more`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof UserError ? error : cannotRead(name, error);
  }
  return Buffer.concat(parts).toString('utf8');
}

function tooLarge(name: string, got: string): UserError {
  return invalidInput(`${name}: expected at most ${TEXT_BYTES_MAX} bytes, got ${got}`, 'store large data as files and pass their paths');
}

function cannotRead(name: string, cause: unknown): UserError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const why = missing ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause);
  return invalidInput(`${name}: expected a file that can be read, but ${why}`, 'give the path of a JSON or YAML file', cause);
}
