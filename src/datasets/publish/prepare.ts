import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetBuildInput } from '../../contracts/dataset-build.ts';
import type { PublishedDataset } from '../../contracts/published-dataset.ts';
import { datasetCard } from './card.ts';
import { classesOf, countsOf } from './classes.ts';
import { contactSheet } from './contact-sheet.ts';
import { namingFullDisk } from './disk-full.ts';
import { inManifestOrder, writeManifest, writeSources } from './manifest.ts';
import { pixelShapeOf, writePixels } from './pixels.ts';
import type { PublishRow, StorePath } from './publish-row.ts';
import { reportPage } from './report-html.ts';
import { qualityReport, type BuildFacts } from './report.ts';
import { writeSynced } from './synced-file.ts';

/** What a version is made of. */
export interface PrepareInput {
  /** Made anew: what an earlier attempt left there is removed. */
  readonly folder: string;
  /** The run of the build. */
  readonly run_id: string;
  readonly spec: DatasetBuildInput;
  readonly rows: readonly PublishRow[];
  readonly build: BuildFacts;
  /** Looked into for images that an earlier attempt has moved already. */
  readonly store: StorePath;
  /** Called from time to time, with images whose pixels are done. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A folder that waits for its version number. */
export interface PreparedDataset {
  readonly folder: string;
  /** In the order of the manifest. */
  readonly rows: readonly PublishRow[];
  readonly published: Omit<PublishedDataset, 'version'>;
  readonly build: BuildFacts;
  readonly sheet: Uint8Array;
}

/**
 * Writes all files of a version but those that name its number; `writeVersion` adds them. The same rows give the same manifest, pixels and
 * hash, in any order.
 *
 * @throws DatasetError `NO_IMAGES`, `DUPLICATE_CONTENT`, `TOO_MANY_CLASSES`, `BLOB_MISSING`, `PIXELS_UNREADABLE`; `DISK_FULL` (retryable).
 */
export async function prepareDataset(input: PrepareInput): Promise<PreparedDataset> {
  const { folder, spec, run_id, build, store } = input;
  const rows = inManifestOrder(input.rows);
  const classes = classesOf(rows);
  const pixels = pixelShapeOf(rows, classes, spec.pixels);
  return namingFullDisk(folder, async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const manifest_sha256 = await writeManifest(folder, rows);
    await writeSources(folder, rows);
    const onImage = imageCounter(input);
    const files = pixels ? await writePixels(folder, { rows, classes, shape: pixels, store, onImage }) : {};
    const sheet = await contactSheet(rows, classes, store);
    await writeSynced(join(folder, 'contact-sheet.png'), [sheet]);
    const published = {
      name: spec.dataset,
      sha256: datasetSha256(manifest_sha256, classes, pixels),
      manifest_sha256,
      classes,
      pixels,
      images: rows.length,
      bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
      counts: countsOf(rows, classes),
      files,
      created_by: run_id,
      spec,
    };
    return { folder, rows, published, build, sheet };
  });
}

/** Writes `dataset.json`, `README.md` and the reports. Throws `DatasetError` `DISK_FULL` (retryable). */
export async function writeVersion({ folder, published, build, sheet }: PreparedDataset, version: number): Promise<void> {
  const { name, ...rest } = published;
  const dataset: PublishedDataset = { name, version, ...rest };
  const report = qualityReport(dataset, build);
  const files: [string, string][] = [
    ['README.md', datasetCard(dataset, build.stages)],
    ['report.json', json(report)],
    ['report.html', reportPage(report, sheet)],
    ['dataset.json', json(dataset)],
  ];
  await namingFullDisk(folder, async () => {
    for (const [file, content] of files) await writeSynced(join(folder, file), [content]);
  });
}

// Keys in alphabetical order: this is the canonical form.
function datasetSha256(manifest_sha256: string, classes: readonly string[], shape: PublishedDataset['pixels']): string {
  const pixels = shape && { channels: shape.channels, height: shape.height, width: shape.width };
  return createHash('sha256').update(JSON.stringify({ classes, manifest_sha256, pixels })).digest('hex');
}

/** Stops at an abort, and tells of every sixteenth image. */
function imageCounter({ rows, onProgress, signal }: PrepareInput): () => void {
  let done = 0;
  return () => {
    signal?.throwIfAborted();
    done += 1;
    if (done % 16 === 0) onProgress?.({ done, total: rows.length });
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
