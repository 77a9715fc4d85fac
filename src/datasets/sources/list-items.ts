import type { DatasetItem, ImageSource } from '../../contracts/dataset-build.ts';
import { type ItemsIndex, ItemsWriter, readIndex } from '../build-folder/items.ts';
import { DatasetError } from '../errors.ts';
import { archiveItems } from './archive.ts';
import { folderItems } from './folder.ts';
import { idxItems } from './idx.ts';
import { manifestItems } from './manifest.ts';
import { Roots } from './roots.ts';
import type { FetchToFile, FoundItem, SourceContext, SourceLimits } from './source.ts';
import { listedUrls, urlFileItems } from './urls.ts';

export interface ListRequest {
  readonly sources: readonly ImageSource[];
  /** Folders of the worker that may be read; the first is where relative paths begin. */
  readonly roots: readonly string[];
  /** Of the build. */
  readonly folder: string;
  readonly fetchToFile: FetchToFile;
  readonly limits: SourceLimits;
  readonly signal: AbortSignal;
  /** Called with the items so far whenever something moved, also while an archive is fetched or looked through; often. */
  readonly onProgress: (items: number) => void;
}

/**
 * Lists the images of all sources, in their order, into `items.jsonl` of the build, and returns how many they are and in how many
 * batches. What archives and IDX files hold is in the blobs afterwards. A build that is listed is not listed again; after a crash
 * the list begins anew and takes what was fetched and unpacked.
 *
 * @throws DatasetError `NO_ITEMS`, `TOO_MANY_ITEMS`, or why a source is refused.
 */
export async function listItems(request: ListRequest): Promise<{ readonly items: number; readonly batches: number }> {
  const { items, batches } = (await readIndex(request.folder)) ?? (await writeItems(request));
  return { items, batches };
}

async function writeItems(request: ListRequest): Promise<ItemsIndex> {
  const writer = await ItemsWriter.open(request.folder);
  try {
    const onProgress = (): void => request.onProgress(writer.count);
    const context: SourceContext = { ...request, roots: await Roots.open(request.roots), onProgress };
    for (const [index, source] of request.sources.entries()) {
      for await (const found of itemsOf(source, context)) {
        request.signal.throwIfAborted();
        await writer.add(asItem(found, index, source));
        onProgress();
      }
    }
    if (writer.count === 0) throw new DatasetError('NO_ITEMS', 'Expected at least one image in the sources, found none.');
    return await writer.commit();
  } finally {
    await writer.discard();
  }
}

function itemsOf(source: ImageSource, context: SourceContext): Iterable<FoundItem> | AsyncIterable<FoundItem> {
  switch (source.type) {
    case 'folder':
      return folderItems(source.path, context);
    case 'urls':
      return source.path === undefined ? listedUrls(source.urls ?? []) : urlFileItems(source.path, context);
    case 'manifest':
      return manifestItems(source.path, context);
    case 'archive':
      return archiveItems(source, context);
    case 'idx':
      break;
  }
  return idxItems(source, context);
}

function asItem(found: FoundItem, index: number, source: ImageSource): Omit<DatasetItem, 'n'> {
  return {
    source: index,
    uri: found.uri,
    from: found.from,
    label: found.label ?? source.label ?? null,
    split: found.split ?? source.split ?? null,
    sha256: found.sha256 ?? null,
    ...(found.drop === undefined ? {} : { drop: found.drop }),
  };
}
