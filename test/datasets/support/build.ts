import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetItem, ImageSource } from '../../../src/contracts/dataset-build.ts';
import { readAllItems } from '../../../src/datasets/build-folder/items.ts';
import { buildPaths } from '../../../src/datasets/build-folder/paths.ts';
import { type ListRequest, listItems } from '../../../src/datasets/sources/list-items.ts';
import type { FetchToFile } from '../../../src/datasets/sources/source.ts';

/** A worker's folder with a root and a build in it. */
export interface TestBuild {
  /** What builds may read. */
  readonly root: string;
  /** Of the build. */
  readonly folder: string;
  /** Beside the root. */
  readonly outside: string;
  list(sources: readonly ImageSource[], changes?: Partial<ListRequest>): Promise<readonly DatasetItem[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function testBuild(): Promise<TestBuild> {
  const dir = await mkdtemp(join(tmpdir(), 'cerebros-build-'));
  const [root, folder, outside] = [join(dir, 'root'), join(dir, 'build'), join(dir, 'outside')];
  return {
    root,
    folder,
    outside,
    list: async (sources, changes = {}) => {
      await listItems({ ...defaults, sources, roots: [root], folder, signal: new AbortController().signal, ...changes });
      return itemsIn(folder);
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** All items that were listed. */
export async function itemsIn(folder: string): Promise<readonly DatasetItem[]> {
  const items: DatasetItem[] = [];
  for await (const item of readAllItems(folder)) items.push(item);
  return items;
}

/** The bytes of an item that is in the blobs. */
export async function blobOf(folder: string, item: DatasetItem | undefined): Promise<Buffer> {
  if (item?.from === null || item?.from === undefined || !('blob' in item.from))
    throw new Error(`expected a blob, got ${JSON.stringify(item)}`);
  return readFile(join(buildPaths(folder).blobs, item.from.blob.slice(0, 2), item.from.blob.slice(2)));
}

const noNetwork: FetchToFile = async (url) => {
  throw new Error(`expected no fetch, got ${url}`);
};

const defaults = {
  fetchToFile: noNetwork,
  limits: { max_bytes: 20 * 1024 * 1024, max_source_bytes: 1024 * 1024 * 1024 },
  onProgress: () => undefined,
};
