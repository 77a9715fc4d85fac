import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES_MAX = 8192;

/** The last lines of a log, oldest first, empty ones left out; `[]` when it cannot be read. Reads at most 8 KiB. */
export function tailLines(file: string, count = 8): readonly string[] {
  try {
    return lastBytes(file)
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-count);
  } catch {
    return [];
  }
}

/** The last lines of a log as an indented block to end an error message with; `''` when there is nothing to show. */
export function tailBlock(file: string): string {
  const lines = tailLines(file);
  return lines.length === 0 ? '' : `\nThe end of ${file}:\n${lines.map((line) => `  ${line.slice(0, 400)}`).join('\n')}`;
}

function lastBytes(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    const length = Math.min(size, TAIL_BYTES_MAX);
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, size - length);
    return bytes.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}
