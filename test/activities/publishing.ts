import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { publishDataset, unpublishDataset, type PublishedVersion } from '../../src/activities/dataset-publish.ts';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import { prepareDataset, type PreparedDataset } from '../../src/datasets/publish/prepare.ts';
import type { PublishRow } from '../../src/datasets/publish/publish-row.ts';
import { datasetRows } from '../../src/ledger/queries/dataset-rows.ts';
import { drawnRows, spec, stages } from '../datasets/publish/drawn-rows.ts';
import { useTestLedger } from '../support/postgres.ts';

// What the tests of publishing are written in: a ledger and a folder of artifacts, empty before each test.

export const { sql, url } = useTestLedger();
/** The folder of artifacts. */
export let dir: string;
export let artifacts: ArtifactStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cerebros-publish-'));
  artifacts = new ArtifactStore(dir);
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
  await sql`truncate datasets cascade`;
});

export interface Build {
  readonly run: string;
  readonly name?: string;
  /** Numbers of the images. */
  readonly from?: number;
  readonly count?: number;
  readonly signal?: AbortSignal;
}

const stores = () => ({ database_url: url, artifacts });

/** Downloads, in a way: the images are in the folder of the build. */
export function rowsOf({ run, from = 0, count = 6 }: Build): Promise<PublishRow[]> {
  return drawnRows(artifacts.runFolder(run), count, { from });
}

/** Prepares and publishes. */
export async function store(one: Build, rows: readonly PublishRow[]): Promise<PublishedVersion> {
  return publish(one, await prepare(one, rows));
}

export function prepare({ run, name = 'shapes' }: Build, rows: readonly PublishRow[]): Promise<PreparedDataset> {
  return prepareDataset({
    folder: join(artifacts.runFolder(run), 'prepared'),
    run_id: run,
    spec: spec({ dataset: name }),
    rows,
    build: { stages: stages(rows.length), label_conflicts: [], comparisons_left_out: 0 },
    store: (sha256) => artifacts.pathOf(sha256),
  });
}

export function publish({ run, signal }: Build, prepared: PreparedDataset): Promise<PublishedVersion> {
  return publishDataset(stores(), prepared, { run_id: run, folder: artifacts.runFolder(run), signal });
}

export async function build(one: Build): Promise<PublishedVersion> {
  return store(one, await rowsOf(one));
}

export function takeBack(run: string, name = 'shapes'): Promise<void> {
  return unpublishDataset(stores(), name, { run_id: run, folder: artifacts.runFolder(run) });
}

/** All that others can see: the files of versions and of the store with their hashes, and the rows. */
export async function visible(): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const top of ['datasets', 'sha256']) {
    const files = await readdir(join(dir, top), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const file of files) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      seen[path.slice(dir.length + 1)] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    }
  }
  for (const { id, version, run_id, sha256 } of await datasetRows(sql)) seen[`row ${id}@${version}`] = `${run_id} ${sha256}`;
  return seen;
}

/** What every published version must hold to. */
export async function expectWhole(name: string, version: number): Promise<void> {
  const folder = join(dir, 'datasets', name, String(version));
  const manifest = (await readFile(join(folder, 'manifest.jsonl'), 'utf8')).trimEnd().split('\n');
  for (const line of manifest) {
    const { file, sha256 } = JSON.parse(line) as { file: string; sha256: string };
    expect(
      createHash('sha256')
        .update(await readFile(join(dir, file)))
        .digest('hex'),
    ).toBe(sha256);
  }
  expect(JSON.parse(await readFile(join(folder, 'dataset.json'), 'utf8'))).toMatchObject({ name, version, images: manifest.length });
}
