import { open, readFile } from 'node:fs/promises';
import type { DatasetItem } from '../../contracts/dataset-build.ts';
import { DatasetError } from '../errors.ts';
import { AtomicFile, writeTextAtomically } from './atomic-file.ts';
import { jsonLine, parsedLine, readJsonLines } from './json-lines.ts';
import { buildPaths } from './paths.ts';

/** A build lists at most this many items. */
export const MAX_ITEMS = 1_000_000;

const MIN_BATCH = 50;
const MAX_BATCH = 1000;
/** Aim for about this many batches. */
const BATCHES = 100;

/** `items.index.json`: where each batch begins. */
export interface ItemsIndex {
  readonly items: number;
  readonly batch_size: number;
  readonly batches: number;
  /** Of the first line of each batch, in bytes. */
  readonly offsets: readonly number[];
}

/** Items of a batch: a hundredth of all, 50 to 1000. */
export function batchSize(items: number): number {
  return Math.min(MAX_BATCH, Math.max(MIN_BATCH, Math.ceil(items / BATCHES)));
}

/** Writes `items.jsonl`, which appears on `commit`, and then its index. `discard` belongs in a `finally`. */
export class ItemsWriter {
  readonly #folder: string;
  readonly #output: AtomicFile;
  readonly #offsets: number[] = [];
  #bytes = 0;

  private constructor(folder: string, output: AtomicFile) {
    this.#folder = folder;
    this.#output = output;
  }

  static async open(folder: string): Promise<ItemsWriter> {
    return new ItemsWriter(folder, await AtomicFile.open(buildPaths(folder).items));
  }

  /** Items so far. */
  get count(): number {
    return this.#offsets.length;
  }

  /** Appends an item, which gets the next `n`. Throws `DatasetError` `TOO_MANY_ITEMS`. */
  async add(item: Omit<DatasetItem, 'n'>): Promise<void> {
    if (this.count >= MAX_ITEMS)
      throw new DatasetError(
        'TOO_MANY_ITEMS',
        `Expected at most ${MAX_ITEMS} images in a build, got more; split it into several datasets.`,
      );
    const line = jsonLine({ n: this.count, ...item });
    this.#offsets.push(this.#bytes);
    this.#bytes += Buffer.byteLength(line);
    await this.#output.write(line);
  }

  async commit(): Promise<ItemsIndex> {
    await this.#output.commit();
    const batch_size = batchSize(this.count);
    const offsets = this.#offsets.filter((_, n) => n % batch_size === 0);
    const index: ItemsIndex = { items: this.count, batch_size, batches: offsets.length, offsets };
    await writeTextAtomically(buildPaths(this.#folder).index, `${JSON.stringify(index)}\n`);
    return index;
  }

  async discard(): Promise<void> {
    await this.#output.discard();
  }
}

/** The index of a build, or null while its items are not listed. */
export async function readIndex(folder: string): Promise<ItemsIndex | null> {
  const text = await readFile(buildPaths(folder).index, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : (JSON.parse(text) as ItemsIndex);
}

/**
 * The items of one batch, from 0; reads no other.
 *
 * @throws DatasetError `NO_SUCH_BATCH`, `BUILD_FILE_DAMAGED`.
 */
export async function readItems(folder: string, batch: number): Promise<readonly DatasetItem[]> {
  const index = await readIndex(folder);
  const start = index?.offsets[batch];
  if (index === null || start === undefined)
    throw new DatasetError('NO_SUCH_BATCH', `Expected a batch from 0 to ${(index?.batches ?? 0) - 1} in ${folder}, got ${batch}.`);
  const text = await readRange(buildPaths(folder).items, start, index.offsets[batch + 1]);
  const items = text
    .trimEnd()
    .split('\n')
    .map((line) => parsedLine(line) as DatasetItem | undefined);
  const expected = Math.min(index.batch_size, index.items - batch * index.batch_size);
  if (items.length !== expected || items.some((item, i) => item?.n !== batch * index.batch_size + i))
    throw new DatasetError(
      'BUILD_FILE_DAMAGED',
      `items.jsonl in ${folder}: expected ${expected} items in batch ${batch} as its index says.`,
    );
  return items as DatasetItem[];
}

/** All items in order, streamed. */
export function readAllItems(folder: string, signal?: AbortSignal): AsyncGenerator<DatasetItem> {
  return readJsonLines<DatasetItem>(buildPaths(folder).items, signal);
}

async function readRange(file: string, start: number, end: number | undefined): Promise<string> {
  const handle = await open(file);
  try {
    const length = Math.max(0, (end ?? (await handle.stat()).size) - start);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
