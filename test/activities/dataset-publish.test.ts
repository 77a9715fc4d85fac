import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { publishDataset, unpublishDataset, type PublishedVersion } from '../../src/activities/dataset-publish.ts';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import { prepareDataset, type PreparedDataset } from '../../src/datasets/publish/prepare.ts';
import type { PublishRow } from '../../src/datasets/publish/publish-row.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { datasetRows } from '../../src/ledger/queries/dataset-rows.ts';
import { drawnRows, spec, stages } from '../datasets/publish/drawn-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let sql: Sql;
let dir: string;
let artifacts: ArtifactStore;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cerebros-publish-'));
  artifacts = new ArtifactStore(dir);
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
  await sql`truncate datasets cascade`;
});

interface Build {
  readonly run: string;
  readonly name?: string;
  /** Numbers of the images. */
  readonly from?: number;
  readonly count?: number;
  readonly signal?: AbortSignal;
}

const stores = () => ({ database_url: database.url, artifacts });

/** Downloads, in a way: the images are in the folder of the build. */
function rowsOf({ run, from = 0, count = 6 }: Build): Promise<PublishRow[]> {
  return drawnRows(artifacts.runFolder(run), count, { from });
}

async function store(build: Build, rows: readonly PublishRow[]): Promise<PublishedVersion> {
  return publish(build, await prepare(build, rows));
}

function prepare({ run, name = 'shapes' }: Build, rows: readonly PublishRow[]): Promise<PreparedDataset> {
  return prepareDataset({
    folder: join(artifacts.runFolder(run), 'prepared'),
    run_id: run,
    spec: spec({ dataset: name }),
    rows,
    build: { stages: stages(rows.length), label_conflicts: [] },
    store: (sha256) => artifacts.pathOf(sha256),
  });
}

function publish({ run, signal }: Build, prepared: PreparedDataset): Promise<PublishedVersion> {
  return publishDataset(stores(), prepared, { run_id: run, folder: artifacts.runFolder(run), signal });
}

async function build(one: Build): Promise<PublishedVersion> {
  return store(one, await rowsOf(one));
}

function takeBack(run: string, name = 'shapes'): Promise<void> {
  return unpublishDataset(stores(), name, { run_id: run, folder: artifacts.runFolder(run) });
}

/** All that others can see: the files of versions and of the store with their hashes, and the rows. */
async function visible(): Promise<Record<string, string>> {
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
async function expectWhole(name: string, version: number): Promise<void> {
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

describe('publishing', () => {
  it('makes version 1 of a name, and version 2 of other content, with their rows, images and files', async () => {
    expect(await build({ run: 'a' })).toEqual({ version: 1, dataset_id: 'shapes@1', created: true });
    const first = await visible();
    expect(await build({ run: 'b', from: 3 })).toEqual({ version: 2, dataset_id: 'shapes@2', created: true });
    expect(await visible()).toMatchObject(first);
    for (const version of [1, 2]) await expectWhole('shapes', version);
    expect((await readdir(join(dir, 'datasets', 'shapes', '1'))).toSorted()).toEqual([
      'README.md',
      'contact-sheet.png',
      'dataset.json',
      'manifest.jsonl',
      'owned-blobs.jsonl',
      'pixels',
      'report.html',
      'report.json',
      'sources.jsonl',
    ]);
    const [row] = await datasetRows(sql, { id: 'shapes', version: 1 });
    expect(row).toMatchObject({
      run_id: 'a',
      uri: 'dataset:shapes@1',
      stats: { images: 6, classes: ['left', 'right'] },
      spec: { dataset: 'shapes' },
    });
    expect(await readdir(artifacts.runFolder('a'))).not.toContain('prepared');
  });

  it('of the same content again answers the version there is, and stores nothing twice', async () => {
    await build({ run: 'a' });
    const before = await visible();
    expect(await build({ run: 'b' })).toEqual({ version: 1, dataset_id: 'shapes@1', created: false });
    expect(await visible()).toEqual(before);
    expect(await build({ run: 'c', name: 'others' })).toEqual({ version: 1, dataset_id: 'others@1', created: true });
    expect(Object.keys(await visible()).filter((path) => path.startsWith('sha256/'))).toHaveLength(6);
  });

  it('by eight builds at once gives each content one version', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => build({ run: `run-${at}`, from: at % 3 })));
    expect(
      answers
        .filter(({ created }) => created)
        .map(({ version }) => version)
        .toSorted(),
    ).toEqual([1, 2, 3]);
    for (const version of [1, 2, 3]) await expectWhole('shapes', version);
  });

  it('heals a store that has lost an image', async () => {
    const rows = await rowsOf({ run: 'a' });
    await store({ run: 'a' }, rows);
    const before = await visible();
    await rm(artifacts.pathOf(rows[0]?.sha256 ?? ''));
    await writeFile(artifacts.pathOf(rows[1]?.sha256 ?? ''), 'cut');
    await build({ run: 'b' });
    expect(await visible()).toEqual(before);
  });

  it('does not take the number of a folder that the ledger does not know', async () => {
    await build({ run: 'a' });
    await sql`truncate datasets cascade`;
    expect(await build({ run: 'b', from: 5 })).toMatchObject({ version: 2 });
    await expectWhole('shapes', 1);
  });

  it('refuses the names of what comes with Cerebros', async () => {
    await expect(build({ run: 'a', name: 'mnist' })).rejects.toMatchObject({ code: 'NAME_TAKEN', retryable: false });
    expect(await visible()).toEqual({});
  });

  it('shows nothing when an image is missing', async () => {
    const rows = await rowsOf({ run: 'a' });
    const prepared = await prepare({ run: 'a' }, rows);
    await rm(rows[3]?.blob ?? '');
    await expect(publish({ run: 'a' }, prepared)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(Object.keys(await visible()).filter((path) => !path.startsWith('sha256/'))).toEqual([]);
  });

  it.each(['store-new.jsonl', 'prepared/dataset.json'])(
    'on a full disk at %s shows nothing, and goes on when there is room',
    async (file) => {
      const folder = artifacts.runFolder('a');
      const rows = await rowsOf({ run: 'a' });
      const prepared = await prepare({ run: 'a' }, rows);
      await symlink('/dev/full', join(folder, file));
      const full = { code: 'DISK_FULL', retryable: true, message: expect.stringContaining(folder) as string };
      await expect(publish({ run: 'a' }, prepared)).rejects.toMatchObject(full);
      expect(Object.keys(await visible()).filter((path) => !path.startsWith('sha256/'))).toEqual([]);
      await rm(join(folder, file));
      expect(await store({ run: 'a' }, rows)).toMatchObject({ version: 1, created: true });
      await expectWhole('shapes', 1);
    },
  );
});

describe('publishing again after it was stopped', () => {
  /** How a process that was killed leaves things; begins with images that were downloaded, and the same published elsewhere. */
  const stops: Record<string, (rows: readonly PublishRow[], done: string) => Promise<void>> = {
    'before anything': async () => {},
    'within a line of its notes': async () => appendFile(join(artifacts.runFolder('a'), 'store-new.jsonl'), '{"sha256":"0123'),
    'after its notes': async (_, done) => cp(join(done, 'runs', 'a', 'store-new.jsonl'), join(artifacts.runFolder('a'), 'store-new.jsonl')),
    'between moves': async (rows, done) => {
      await cp(join(done, 'runs', 'a', 'store-new.jsonl'), join(artifacts.runFolder('a'), 'store-new.jsonl'));
      for (const { sha256, blob } of rows.slice(0, 3)) {
        await cp(join(done, 'sha256', sha256.slice(0, 2), sha256.slice(2)), artifacts.pathOf(sha256));
        await rm(blob);
      }
    },
    'after the last move': async (rows, done) => {
      await cp(join(done, 'runs', 'a'), artifacts.runFolder('a'), { recursive: true });
      await cp(join(done, 'sha256'), join(dir, 'sha256'), { recursive: true });
      for (const { blob } of rows) await rm(blob);
    },
    'before its row was written': async (rows, done) => {
      await stops['after the last move']?.(rows, done);
      await cp(join(done, 'datasets'), join(dir, 'datasets'), { recursive: true });
    },
  };

  it.each(Object.keys(stops))('%s comes to the same, and can be taken back whole', async (stop) => {
    const done = await mkdtemp(join(tmpdir(), 'cerebros-done-'));
    await build({ run: 'a' });
    const expected = await visible();
    await cp(dir, done, { recursive: true });
    await rm(dir, { recursive: true });
    await sql`truncate datasets cascade`;

    const rows = await rowsOf({ run: 'a' });
    await stops[stop]?.(rows, done);
    expect(await store({ run: 'a' }, rows)).toEqual({ version: 1, dataset_id: 'shapes@1', created: true });
    expect(await visible()).toEqual(expected);
    await takeBack('a');
    expect(await visible()).toEqual({});
    await rm(done, { recursive: true });
  });

  it.each(Object.keys(stops))('%s can be taken back without that', async (stop) => {
    const done = await mkdtemp(join(tmpdir(), 'cerebros-done-'));
    await build({ run: 'a' });
    await cp(dir, done, { recursive: true });
    await rm(dir, { recursive: true });
    await sql`truncate datasets cascade`;

    await build({ run: 'earlier', name: 'others', from: 20 });
    const before = await visible();
    await stops[stop]?.(await rowsOf({ run: 'a' }), done);
    await takeBack('a');
    expect(await visible()).toEqual(before);
    await rm(done, { recursive: true });
  });

  it('when only the answer was lost answers it again', async () => {
    const rows = await rowsOf({ run: 'a' });
    const answer = await store({ run: 'a' }, rows);
    expect(await store({ run: 'a' }, rows)).toEqual(answer);
  });

  it('stops at an abort, with nothing to be seen but images', async () => {
    const aborted = build({ run: 'a', signal: AbortSignal.abort() });
    await expect(aborted).rejects.toThrow('aborted');
    expect(await visible()).toEqual({});
  });
});

describe('taking back', () => {
  it('leaves what was there before, to the byte', async () => {
    await build({ run: 'a' });
    const before = await visible();
    await build({ run: 'b', from: 3 });
    await takeBack('b');
    await takeBack('b');
    expect(await visible()).toEqual(before);
    expect(await build({ run: 'c', from: 3 })).toMatchObject({ version: 2, created: true });
  });

  it('keeps images that a later version refers to, and removes them with that one', async () => {
    await build({ run: 'a' });
    await build({ run: 'b', from: 3 });
    await takeBack('a');
    await expectWhole('shapes', 2);
    expect(existsSync(join(dir, 'datasets', 'shapes', '1'))).toBe(false);
    await takeBack('b');
    expect(await visible()).toEqual({});
  });

  it('keeps a version that another build came to as well, until that is taken back', async () => {
    await build({ run: 'a' });
    await build({ run: 'b' });
    await takeBack('a');
    await expectWhole('shapes', 1);
    expect((await datasetRows(sql))[0]).toMatchObject({ id: 'shapes', version: 1, run_id: 'b' });
    await takeBack('b');
    expect(await visible()).toEqual({});
  });

  it('of a build that came to the version of another leaves that alone', async () => {
    await build({ run: 'a' });
    const before = await visible();
    await build({ run: 'b' });
    await takeBack('b');
    expect(await visible()).toEqual(before);
  });

  it('leaves content that was in the store before any dataset', async () => {
    const rows = await rowsOf({ run: 'a' });
    const { uri } = await artifacts.put(await readFile(rows[0]?.blob ?? ''));
    await store({ run: 'a' }, rows);
    await takeBack('a');
    expect((await artifacts.get(uri)).length).toBe(rows[0]?.bytes);
    expect(Object.keys(await visible())).toHaveLength(1);
  });

  it('of what was never published changes nothing', async () => {
    await build({ run: 'a' });
    const before = await visible();
    await takeBack('never');
    expect(await visible()).toEqual(before);
  });

  it('goes on when it was stopped with the folder away and the row still there', async () => {
    await build({ run: 'a' });
    await mkdir(join(artifacts.runFolder('a'), 'taken-back'));
    await cp(join(dir, 'datasets', 'shapes', '1'), join(artifacts.runFolder('a'), 'taken-back', '1'), { recursive: true });
    await rm(join(dir, 'datasets', 'shapes', '1'), { recursive: true });
    await rm(join(artifacts.runFolder('a'), 'store-new.jsonl'));
    await takeBack('a');
    expect(await visible()).toEqual({});
  });

  it('while others publish some of the same images leaves each version whole', async () => {
    await build({ run: 'a' });
    const work = [1, 2, 3, 4].flatMap((from) => [
      build({ run: `run-${from}`, from }),
      from % 2 === 0 ? takeBack('a') : build({ run: `other-${from}`, name: 'others', from }),
    ]);
    await Promise.all(work);
    for (const { id, version } of await datasetRows(sql)) await expectWhole(id, version);
    for (const from of [1, 2, 3, 4]) await takeBack(`run-${from}`);
    for (const from of [1, 3]) await takeBack(`other-${from}`, 'others');
    expect(await visible()).toEqual({});
    expect((await stat(join(dir, 'datasets'))).isDirectory()).toBe(true);
  });
});
