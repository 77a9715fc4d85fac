import type { DatasetBuildInput } from '../../contracts/dataset-build.ts';
import { BlobFolder } from '../build-folder/blob-folder.ts';
import type { PublishRow } from '../publish/publish-row.ts';
import { splitOf } from '../splits.ts';
import { readDuplicates } from './deduplicate.ts';
import { readImages, type BuildImage } from './images.ts';
import { readLabels } from './label.ts';

/** The images that are published, each with all places where the same file was found. */
export async function publishRows(folder: string, spec: DatasetBuildInput, signal: AbortSignal): Promise<readonly PublishRow[]> {
  const labels = await readLabels(folder);
  const duplicates = await readDuplicates(folder);
  const blobs = new BlobFolder(folder);
  const rows = new Map<number, PublishRow & { readonly uris: string[] }>();
  const again: { readonly of: number; readonly uri: string }[] = [];
  for await (const image of readImages(folder, signal)) {
    const { n, uri } = image.item;
    const label = labels.get(n);
    const duplicate = duplicates.get(n);
    if (label !== undefined) rows.set(n, rowOf(image, label, { spec, blobs }));
    else if (duplicate?.drop.code === 'DUPLICATE') again.push({ of: duplicate.of, uri });
  }
  for (const { of, uri } of again) rows.get(of)?.uris.push(uri);
  return [...rows.values()];
}

function rowOf(
  { item, sha256, bytes, facts }: BuildImage,
  label: string | null,
  { spec, blobs }: { readonly spec: DatasetBuildInput; readonly blobs: BlobFolder },
): PublishRow & { readonly uris: string[] } {
  const { format, width, height, channels } = facts;
  const split = splitOf(sha256, spec.splits, spec.seed, item.split);
  return { sha256, bytes, format, width, height, channels, label, split, uris: [item.uri], blob: blobs.path(sha256) };
}
