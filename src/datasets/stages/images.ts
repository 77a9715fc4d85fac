import type { DatasetItem, DownloadLine, ImageFacts, ValidateLine } from '../../contracts/dataset-build.ts';
import { readAllItems } from '../build-folder/items.ts';
import { readStageLines } from '../build-folder/stage-lines.ts';

/** An image that was had and is one. */
export interface BuildImage {
  readonly item: DatasetItem;
  readonly sha256: string;
  readonly bytes: number;
  readonly facts: ImageFacts;
}

/** The images of a build that passed `validate`, by `n`. What the files tell of them is sorted, so it is read side by side. */
export async function* readImages(folder: string, signal: AbortSignal): AsyncGenerator<BuildImage> {
  const items = readAllItems(folder, signal);
  const downloads = readStageLines<DownloadLine>(folder, 'download', signal);
  try {
    for await (const valid of readStageLines<ValidateLine>(folder, 'validate', signal)) {
      if (!('image' in valid)) continue;
      const item = await at(items, valid.n);
      const download = await at(downloads, valid.n);
      if (item && download && 'sha256' in download) yield { item, sha256: download.sha256, bytes: download.bytes, facts: valid.image };
    }
  } finally {
    // Seldom read to their end: they would stay open.
    await items.return(undefined);
    await downloads.return(undefined);
  }
}

async function at<T extends { readonly n: number }>(lines: AsyncIterator<T>, n: number): Promise<T | undefined> {
  for (;;) {
    const { done, value } = await lines.next();
    if (done === true || value.n > n) return undefined;
    if (value.n === n) return value;
  }
}
