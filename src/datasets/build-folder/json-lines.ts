import { DatasetError } from '../errors.ts';
import { textLines, type TextLine } from '../text-lines.ts';
import { AtomicFile } from './atomic-file.ts';

const MAX_LINE_BYTES = 1024 * 1024;

/**
 * The lines of a JSONL file of the build, streamed. They were written by this application, so their type is trusted.
 *
 * @throws DatasetError `BUILD_FILE_MISSING`, `BUILD_FILE_DAMAGED` when a line is no JSON or longer than 1 MiB.
 */
export async function* readJsonLines<T>(file: string, signal?: AbortSignal): AsyncGenerator<T> {
  for await (const { number, text } of linesOf(file, signal)) {
    const value = text === null ? undefined : parsedLine(text);
    if (value === undefined)
      throw new DatasetError('BUILD_FILE_DAMAGED', `${file}, line ${number}: expected JSON, got ${JSON.stringify(text?.slice(0, 200))}`);
    yield value as T;
  }
}

async function* linesOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<TextLine> {
  try {
    yield* textLines(file, { maxLineBytes: MAX_LINE_BYTES, signal });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const message = `expected ${file}, found none: the step that writes it was skipped, or this worker has another artifact folder`;
    throw new DatasetError('BUILD_FILE_MISSING', message, { cause });
  }
}

/** Writes a JSONL file atomically, streamed. */
export async function writeJsonLines(file: string, lines: Iterable<object> | AsyncIterable<object>): Promise<void> {
  const output = await AtomicFile.open(file);
  try {
    for await (const line of lines) await output.write(jsonLine(line));
    await output.commit();
  } finally {
    await output.discard();
  }
}

/** A value as one line. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** The value in a line, or undefined when it is no JSON. */
export function parsedLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
