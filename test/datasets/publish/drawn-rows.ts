import { join } from 'node:path';
import sharp from 'sharp';
import type { DatasetBuildInput, SplitName, StageCounts } from '../../../src/contracts/dataset-build.ts';
import { datasetBuildInputSchema } from '../../../src/contracts/dataset-build-schema.ts';
import { BlobFolder } from '../../../src/datasets/build-folder/blob-folder.ts';
import { prepareDataset, type PreparedDataset } from '../../../src/datasets/publish/prepare.ts';
import type { PublishRow } from '../../../src/datasets/publish/publish-row.ts';

// Images drawn for tests of what is published.

export interface Drawing {
  /** Decides the pixels. */
  readonly n: number;
  readonly label?: string | null;
  readonly split?: SplitName;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: 1 | 3;
}

/** Draws an image into the folder of a build. Its left half is bright when `n` is even, else its right half; no two `n` are alike. */
export async function drawn(folder: string, drawing: Drawing): Promise<PublishRow> {
  const { n, label = n % 2 === 0 ? 'left' : 'right', split = 'train', width = 8, height = 8, channels = 1 } = drawing;
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, at) => {
    const bright = Math.floor(at / channels) % width < width / 2 === (n % 2 === 0);
    return bright ? 150 + ((at * 7 + n * 13) % 100) : (at * 5 + n * 11) % 60;
  });
  const bytes = await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
  const blobs = new BlobFolder(folder);
  const { sha256 } = await blobs.put(bytes);
  const blob = blobs.path(sha256);
  return { sha256, bytes: bytes.length, format: 'png', width, height, channels, label, split, uris: [`images/${n}.png`], blob };
}

/** Some images, numbered; three of five are to train with. */
export async function drawnRows(
  folder: string,
  count: number,
  changes: Partial<Drawing> & { readonly from?: number } = {},
): Promise<PublishRow[]> {
  const { from = 0, ...rest } = changes;
  const splits = ['train', 'train', 'validation', 'test', 'train'] as const;
  return Promise.all(Array.from({ length: count }, (_, at) => drawn(folder, { n: from + at, split: splits[at % 5] ?? 'train', ...rest })));
}

/** The input of a build, with changes. */
export function spec(changes: object = {}): DatasetBuildInput {
  return datasetBuildInputSchema.parse({ dataset: 'shapes', sources: [{ type: 'folder', path: 'images' }], ...changes });
}

/** Counts of a build that dropped nothing but three downloads. */
export function stages(images: number): { readonly [step: string]: StageCounts } {
  const kept: StageCounts = { in: images, out: images, dropped: 0, reasons: {}, bytes: 1 };
  const download = { in: images + 3, out: images, dropped: 3, reasons: { HTTP_404: 2, TOO_LARGE: 1 }, bytes: 1 };
  return { download, validate: kept, deduplicate: kept, label: kept };
}

/** Prepares rows in the folder of a build. */
export function prepared(folder: string, rows: readonly PublishRow[], changes: object = {}, run_id = 'build-1'): Promise<PreparedDataset> {
  return prepareDataset({
    folder: join(folder, 'prepared'),
    run_id,
    spec: spec(changes),
    rows,
    build: { stages: stages(rows.length), label_conflicts: [], comparisons_left_out: 0 },
    store: (sha256) => join(folder, 'no-store', sha256),
  });
}
