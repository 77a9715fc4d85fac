import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Json } from '../contracts/ledger.ts';
import { datasetId } from '../contracts/published-dataset.ts';
import { BlobFolder } from '../datasets/build-folder/blob-folder.ts';
import { BUILD_NOTES, noteLine, readNotes, VERSION_NOTES } from '../datasets/publish/blob-notes.ts';
import { namingFullDisk } from '../datasets/publish/disk-full.ts';
import { moveBlobs } from '../datasets/publish/move-blobs.ts';
import { writeVersion, type PreparedDataset } from '../datasets/publish/prepare.ts';
import { folderOf, listPublished, readPublished, versionsIn, type PublishedFolder } from '../datasets/publish/published-folders.ts';
import { releaseBlobs } from '../datasets/publish/release-blobs.ts';
import { writeSynced } from '../datasets/publish/synced-file.ts';
import type { Transaction } from '../ledger/connection.ts';
import { datasetRows } from '../ledger/queries/dataset-rows.ts';
import { maxDatasetVersion } from '../ledger/queries/max-dataset-version.ts';
import { putDatasetBuild } from '../ledger/queries/put-dataset-build.ts';
import { putDataset } from '../ledger/queries/put-dataset.ts';
import { takeBackDatasetBuild } from '../ledger/queries/take-back-dataset-build.ts';
import { whilePublishing } from '../ledger/while-publishing.ts';

const TAKEN_BACK = 'taken-back';

export interface PublishStores {
  readonly database_url: string;
  readonly artifacts: ArtifactStore;
}

/** Who publishes, or takes back. */
export interface DatasetBuild {
  readonly run_id: string;
  /** The folder of the build, in the folder of artifacts. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** The version that a build came to. */
export interface PublishedVersion {
  readonly version: number;
  /** `<name>@<version>` */
  readonly dataset_id: string;
  /** False when another build has published the same content. */
  readonly created: boolean;
}

/**
 * Makes a prepared dataset the next version of its name, unless there is one of the same content, which is then the answer. Its images are
 * in the store when others can see it, and all of it is seen or nothing. One build publishes at a time. May be called again, with the
 * dataset prepared anew, after it was stopped anywhere.
 *
 * @throws DatasetError `BLOB_MISSING`; `DISK_FULL` (retryable). Errors of Postgres are worth a retry.
 */
export async function publishDataset(stores: PublishStores, prepared: PreparedDataset, build: DatasetBuild): Promise<PublishedVersion> {
  const { database_url, artifacts } = stores;
  const { name, sha256 } = prepared.published;
  return whilePublishing(database_url, async ({ tx, pulse }) => {
    await namingFullDisk(build.folder, () =>
      moveBlobs({
        rows: prepared.rows,
        store: (hash) => artifacts.pathOf(hash),
        notes: join(build.folder, BUILD_NOTES),
        pulse: () => unlessStopped(build, pulse),
      }),
    );
    const [same] = await datasetRows(tx, { id: name, sha256 });
    const version = same?.version ?? (await ownLeftover(tx, artifacts, { prepared, build })) ?? (await nextVersion(tx, artifacts, name));
    await install(artifacts, { prepared, build }, version);
    if (!same) await putDataset(tx, rowOf(prepared, version, build.run_id));
    await putDatasetBuild(tx, { run_id: build.run_id, id: name, version });
    return { version, dataset_id: datasetId(name, version), created: !same || same.run_id === build.run_id };
  });
}

/**
 * Takes back what a build has published: the version, unless another build came to the same content, and what it brought into the store,
 * unless another version refers to it; that is in the folder of the build again, which may publish once more. Fine when there is nothing,
 * and when an earlier try was stopped anywhere.
 */
export async function unpublishDataset(stores: PublishStores, name: string, build: DatasetBuild): Promise<void> {
  const { database_url, artifacts } = stores;
  await whilePublishing(database_url, async ({ tx, pulse }) => {
    const removed = await takeBackDatasetBuild(tx, build.run_id);
    const away = join(build.folder, TAKEN_BACK);
    await mkdir(away, { recursive: true });
    for (const { version } of removed) await moveAway(folderOf(artifacts.datasetsFolder, name, version), join(away, String(version)));
    for (const { folder, version } of await leftoversOf(tx, artifacts, { name, run_id: build.run_id }))
      await moveAway(folder, join(away, String(version)));
    const notes = [join(build.folder, BUILD_NOTES), ...(await readdir(away)).map((version) => join(away, version, VERSION_NOTES))];
    const hashes = new Set((await Promise.all(notes.map(readNotes))).flatMap((noted) => [...noted]));
    const blobs = new BlobFolder(build.folder);
    await releaseBlobs({
      hashes,
      others: listPublished(artifacts.datasetsFolder),
      store: (hash) => artifacts.pathOf(hash),
      back: (hash) => blobs.path(hash),
      pulse: () => unlessStopped(build, pulse),
    });
    await rm(away, { recursive: true });
    await rm(join(build.folder, BUILD_NOTES), { force: true });
    await removeEmpty(join(artifacts.datasetsFolder, name));
  });
}

interface Publication {
  readonly prepared: PreparedDataset;
  readonly build: DatasetBuild;
}

async function unlessStopped({ signal }: DatasetBuild, pulse: () => Promise<void>): Promise<void> {
  signal?.throwIfAborted();
  await pulse();
}

/** The version that an earlier attempt of this build had in its place when it was stopped before its row was written. */
async function ownLeftover(tx: Transaction, artifacts: ArtifactStore, { prepared, build }: Publication): Promise<number | undefined> {
  const { name, sha256 } = prepared.published;
  const leftovers = await leftoversOf(tx, artifacts, { name, run_id: build.run_id });
  return leftovers.find(({ folder }) => readPublished(folder)?.sha256 === sha256)?.version;
}

/** Folders of a run that the ledger knows nothing of. */
async function leftoversOf(
  tx: Transaction,
  artifacts: ArtifactStore,
  { name, run_id }: { readonly name: string; readonly run_id: string },
): Promise<PublishedFolder[]> {
  const leftovers: PublishedFolder[] = [];
  for (const found of versionsIn(artifacts.datasetsFolder, name)) {
    if (readPublished(found.folder)?.created_by !== run_id) continue;
    const rows = await datasetRows(tx, { id: name, version: found.version });
    if (rows.length === 0) leftovers.push(found);
  }
  return leftovers;
}

/** A number that neither the ledger nor the folder has: what is there may be of a ledger that was lost. */
async function nextVersion(tx: Transaction, artifacts: ArtifactStore, name: string): Promise<number> {
  const inFolder = versionsIn(artifacts.datasetsFolder, name).at(-1)?.version ?? 0;
  return 1 + Math.max(inFolder, await maxDatasetVersion(tx, name));
}

/** Shows the prepared folder to all as a version, unless the version is there. */
async function install(artifacts: ArtifactStore, { prepared, build }: Publication, version: number): Promise<void> {
  const { name } = prepared.published;
  const folder = folderOf(artifacts.datasetsFolder, name, version);
  if (readPublished(folder)) {
    await rm(prepared.folder, { recursive: true, force: true });
    return;
  }
  await writeVersion(prepared, version);
  const owned = await readNotes(join(build.folder, BUILD_NOTES));
  await namingFullDisk(folder, async () => {
    await writeSynced(join(prepared.folder, VERSION_NOTES), [...owned].toSorted().map(noteLine));
    await mkdir(join(artifacts.datasetsFolder, name), { recursive: true });
    await rename(prepared.folder, folder);
  });
}

function rowOf({ published }: PreparedDataset, version: number, run_id: string): Parameters<typeof putDataset>[1] {
  const { name, sha256, manifest_sha256, images, bytes, classes, pixels, counts, spec } = published;
  const stats = { images, bytes, classes, pixels, counts, manifest_sha256 } as unknown as { readonly [name: string]: Json };
  return { id: name, version, run_id, sha256, uri: `dataset:${datasetId(name, version)}`, spec: spec as unknown as Json, stats };
}

/** Fine when it is gone, as when an earlier try was stopped. */
async function moveAway(folder: string, target: string): Promise<void> {
  if (!readPublished(folder)) return;
  await rename(folder, target);
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  });
}
