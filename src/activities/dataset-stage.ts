import { mkdir, rm } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { BatchStage, DatasetBuildInput, StageCounts } from '../contracts/dataset-build.ts';
import type { DatasetStageActivities, OpenedStage, StageBatch } from '../contracts/dataset-stage.ts';
import { BlobFolder } from '../datasets/build-folder/blob-folder.ts';
import { readIndex, readItems } from '../datasets/build-folder/items.ts';
import { buildPaths } from '../datasets/build-folder/paths.ts';
import { runBatch } from '../datasets/build-folder/run-batch.ts';
import { readSpec, writeSpec } from '../datasets/build-folder/spec.ts';
import { DatasetError } from '../datasets/errors.ts';
import { createFetcher } from '../datasets/fetch/fetcher.ts';
import { listItems } from '../datasets/sources/list-items.ts';
import { Roots } from '../datasets/sources/roots.ts';
import type { FetchToFile } from '../datasets/sources/source.ts';
import { downloadItem } from '../datasets/stages/download.ts';
import { downloadedOf, validateItem } from '../datasets/stages/validate.ts';
import { asDataset } from './dataset-failure.ts';
import { Pulse } from './pulse.ts';

/** What the activities of a build's stages are made of. */
export interface DatasetStageDependencies {
  readonly artifacts: ArtifactStore;
  /** Folders of this worker that builds may read. */
  readonly roots: readonly string[];
  /** Hosts that may be plain http and at private addresses. */
  readonly allow: readonly string[];
}

/** Images decoded at a time in one batch. */
const DECODERS = 2;

/** The batches of a build: `download` for the main queue, `validate` for the compute queue. Called by the stage, not through `serveSteps`. */
export function createDatasetStageActivities({ artifacts, roots, allow }: DatasetStageDependencies): DatasetStageActivities {
  const folderOf = ({ build_id }: { readonly build_id: string }): string => artifacts.runFolder(build_id);
  return {
    openDatasetBuild: (opening) =>
      beating(folderOf(opening), ({ folder, pulse }) => open({ folder, build: opening.build, roots, allow, pulse })),
    countDatasetBatches: (opening) => asDataset(folderOf(opening), () => counted(folderOf(opening))),
    downloadDatasetBatch: (batch) => beating(folderOf(batch), ({ folder, pulse }) => download({ folder, batch, roots, allow, pulse })),
    validateDatasetBatch: (batch) => beating(folderOf(batch), ({ folder, pulse }) => validate({ folder, batch, pulse })),
  };
}

/** Where an activity works, and what tells that it does. */
interface Workplace {
  readonly folder: string;
  readonly pulse: Pulse;
}

function beating<T>(folder: string, work: (place: Workplace) => Promise<T>): Promise<T> {
  const pulse = new Pulse();
  return asDataset(folder, () => work({ folder, pulse })).finally(() => pulse.stop());
}

type Places = Pick<DatasetStageDependencies, 'roots' | 'allow'> & Workplace;

async function open({ folder, build, roots, allow, pulse }: Places & { readonly build: DatasetBuildInput }): Promise<OpenedStage> {
  const { sources, download: rules } = build;
  await mkdir(folder, { recursive: true });
  await writeSpec(folder, build);
  const fetcher = createFetcher({ allow, rules });
  try {
    const fetchToFile: FetchToFile = (...call) => fetcher.fetchToFile(...call);
    const { cancellationSignal: signal } = Context.current();
    return await listItems({ sources, roots, folder, fetchToFile, limits: rules, signal, onProgress: () => pulse.beat(null) });
  } catch (error) {
    // A recovery shall see what the source has then, not the copy that was refused.
    if (error instanceof DatasetError && !error.retryable) await rm(buildPaths(folder).fetched, { recursive: true, force: true });
    throw error;
  } finally {
    fetcher.close();
  }
}

async function counted(folder: string): Promise<OpenedStage> {
  const index = await readIndex(folder);
  if (!index)
    throw new DatasetError(
      'BUILD_FILE_MISSING',
      `expected the items of a build in ${folder}, found none: all workers need the same artifact folder`,
    );
  return { items: index.items, batches: index.batches };
}

async function download({ folder, batch: { batch }, roots, allow, pulse }: Places & { readonly batch: StageBatch }): Promise<StageCounts> {
  const { download: rules } = await readSpec(folder);
  const fetcher = createFetcher({ allow, rules });
  try {
    const context = { blobs: new BlobFolder(folder), fetcher, roots: await Roots.open(roots), rules };
    const items = (await readItems(folder, batch)).map((item) => ({ n: item.n, item }));
    return await runBatch({
      ...batchOf({ folder, stage: 'download', batch, pulse }),
      items,
      concurrency: rules.concurrency,
      work: ({ item }, signal) => downloadItem(context, item, signal),
    });
  } finally {
    fetcher.close();
  }
}

async function validate({ folder, batch: { batch }, pulse }: Workplace & { readonly batch: StageBatch }): Promise<StageCounts> {
  const { validate: rules } = await readSpec(folder);
  const blobs = new BlobFolder(folder);
  return runBatch({
    ...batchOf({ folder, stage: 'validate', batch, pulse }),
    items: await downloadedOf(folder, batch),
    concurrency: DECODERS,
    work: (item) => validateItem(blobs, rules, item),
  });
}

interface BatchPlace extends Workplace {
  readonly stage: BatchStage;
  readonly batch: number;
}

function batchOf({ pulse, ...place }: BatchPlace) {
  const { cancellationSignal: signal } = Context.current();
  return { ...place, signal, onProgress: (done: number, total: number) => pulse.beat({ done, total }) };
}
