import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { listDatasets, showDataset } from '../../src/client/datasets.ts';
import { resolveConnections } from '../../src/config.ts';
import type { Json } from '../../src/contracts/ledger.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { putDatasetBuild } from '../../src/ledger/queries/put-dataset-build.ts';
import { putDataset } from '../../src/ledger/queries/put-dataset.ts';
import { putModel } from '../../src/ledger/queries/put-model.ts';
import { batch, step } from '../ledger/batches.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let sql: Sql;
let cerebros: Cerebros;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
  cerebros = connect({ connections: resolveConnections({ address: '127.0.0.1:1', database_url: database.url, data_dir: '/nowhere' }, {}) });
  for (const [id, version] of [
    ['shapes', 1],
    ['shapes', 2],
    ['others', 1],
  ] as const)
    await enter(id, version);
  await putDatasetBuild(sql, { run_id: 'again', id: 'shapes', version: 1 });
  await train('on-1', 'training-run', { dataset_name: 'shapes@1' });
  await train('search-on-1', 'nas-search', { dataset_id: 'shapes@1' });
  await train('on-2', 'training-run', { dataset_name: 'shapes@2' });
  await train('on-digits', 'training-run', { dataset_name: 'digits' });
});
afterAll(async () => {
  await cerebros.close();
  await closeLedger(sql);
  await database.drop();
});

async function enter(id: string, version: number): Promise<void> {
  const run_id = `build-${id}-${version}`;
  const stats = { images: 10 * version, bytes: 100, classes: ['a', 'b'], pixels: null };
  await putDataset(sql, { id, version, run_id, sha256: `${id}${version}`, uri: `dataset:${id}@${version}`, spec: { sources: [] }, stats });
  await sql`update datasets set created_at = now() + ${`${version} hours`}::text::interval where id = ${id} and version = ${version}`;
  await putDatasetBuild(sql, { run_id, id, version });
}

async function train(id: string, kind: string, spec: { readonly [name: string]: Json }): Promise<void> {
  const resolved =
    kind === 'training-run'
      ? { ...step(0), step_name: 'validate_inputs', output: spec }
      : { ...step(1), step_name: 'ensure_run_id', output: { search: spec } };
  await flushBatch(sql, batch(id, 1, { run: { kind, status: 'running', created_at: '2026-01-01T00:00:00.000Z' }, steps: [resolved] }));
  await putModel(sql, { id, run_id: id, sha256: `model of ${id}`, uri: 'u', spec, metrics: {} });
}

describe('listDatasets', () => {
  it('names versions, newest first, then what comes with Cerebros', async () => {
    const listed = await listDatasets(cerebros);
    expect(listed.map(({ dataset_id, images, classes, run_id }) => [dataset_id, images, classes, run_id])).toEqual([
      ['shapes@2', 20, 2, 'build-shapes-2'],
      ['others@1', 10, 2, 'build-others-1'],
      ['shapes@1', 10, 2, 'build-shapes-1'],
      ['mnist', 70_000, 10, null],
      ['digits', 1797, 10, null],
    ]);
    expect((await listDatasets(cerebros, 1)).map(({ dataset_id }) => dataset_id)).toEqual(['shapes@2', 'mnist', 'digits']);
  });
});

describe('showDataset', () => {
  it('of a version has its builds, the runs on it and their models, and no others', async () => {
    const shown = await showDataset(cerebros, 'shapes@1');
    expect(shown).toMatchObject({
      dataset_id: 'shapes@1',
      sha256: 'shapes1',
      versions: ['shapes@2', 'shapes@1'],
      published: { spec: { sources: [] } },
    });
    expect(shown.builds.map(({ run_id }) => run_id).toSorted()).toEqual(['again', 'build-shapes-1']);
    expect(shown.runs.map(({ id, kind, status }) => [id, kind, status])).toEqual([
      ['search-on-1', 'nas-search', 'running'],
      ['on-1', 'training-run', 'running'],
    ]);
    expect(shown.models.map(({ id, sha256 }) => [id, sha256])).toEqual([
      ['search-on-1', 'model of search-on-1'],
      ['on-1', 'model of on-1'],
    ]);
  });

  it('of a name is of its newest version; of what comes with Cerebros it has what was trained on it', async () => {
    expect(await showDataset(cerebros, 'shapes')).toMatchObject({ dataset_id: 'shapes@2', runs: [{ id: 'on-2' }] });
    expect(await showDataset(cerebros, 'digits')).toMatchObject({
      dataset_id: 'digits',
      title: 'UCI handwritten digits (8x8, 10 classes)',
      published: null,
      runs: [{ id: 'on-digits' }],
      models: [{ id: 'on-digits' }],
    });
  });

  it('of an old version finds it behind more versions than it lists', async () => {
    await sql`
      insert into datasets (id, version, run_id, sha256, uri, spec, stats, created_at)
      select 'crowded', version, 'build', version, 'u', '{}', '{}', timestamptz '2026-01-01' + version * interval '1 hour'
      from generate_series(1, 1001) version`;
    expect(await showDataset(cerebros, 'crowded@1')).toMatchObject({ dataset_id: 'crowded@1', sha256: '1' });
    await sql`delete from datasets where id = 'crowded'`;
  });

  it.each([
    ['shapes@3', 4, 'dataset shapes@3: expected one that exists, found shapes@2, shapes@1'],
    ['cifar', 4, 'dataset cifar: expected one that exists, found none of that name'],
    ['mnist@1', 4, 'dataset mnist@1: expected one that exists, found none of that name'],
    ['a b', 2, 'dataset: expected NAME or NAME@VERSION, got "a b"'],
  ])('%s exits %d and says what there is', async (reference, exitCode, message) => {
    await expect(showDataset(cerebros, reference)).rejects.toMatchObject({ exitCode, message });
  });
});
