import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import { withLedger } from '../../src/ledger/connection.ts';
import { putDatasetBuild } from '../../src/ledger/queries/put-dataset-build.ts';
import { putDataset } from '../../src/ledger/queries/put-dataset.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { cerebros, errorOf, type Ran } from './fake-context.ts';

const sha256 = 'ab'.repeat(32);
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await withLedger(database.url, async (sql) => {
    const stats = { images: 12, bytes: 100, classes: ['a', 'b'] };
    await putDataset(sql, {
      id: 'shapes',
      version: 1,
      run_id: 'build-1',
      sha256,
      uri: 'dataset:shapes@1',
      spec: { licence: 'CC0' },
      stats,
    });
    await putDatasetBuild(sql, { run_id: 'build-1', id: 'shapes', version: 1 });
  });
});
afterAll(() => database.drop());

function run(args: readonly string[], tty = false): Promise<Ran> {
  const connections = resolveConnections({ address: '127.0.0.1:1', database_url: database.url, data_dir: '/nowhere' }, {});
  return cerebros(['datasets', ...args], { tty, columns: 200, connect: () => Promise.resolve(connect({ connections })) });
}

describe('datasets list', () => {
  it('prints a line of JSON for each dataset, or a list, or a table', async () => {
    const lines = (await run(['list', '-o', 'jsonl'])).stdout.trimEnd().split('\n');
    expect(lines.map((line): unknown => (JSON.parse(line) as { dataset_id: unknown }).dataset_id)).toEqual(['shapes@1', 'mnist', 'digits']);
    const { code, stdout } = await run(['list', '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, [{ dataset_id: 'shapes@1', images: 12, classes: 2, sha256 }, {}, {}]]);
    const table = (await run(['list'], true)).stdout;
    expect(table).toMatch(
      /^DATASET +IMAGES +CLASSES +SHA-256 +CREATED +RUN\nshapes@1 +12 +2 +abababababab +\S.* +build-1\nmnist +70000 +10 +- +comes with cerebros +-\n/,
    );
  });
});

describe('datasets show', () => {
  it('prints a dataset as JSON, and as text with a section for each kind of lineage', async () => {
    expect(JSON.parse((await run(['show', 'shapes', '-o', 'json'])).stdout)).toMatchObject({
      dataset_id: 'shapes@1',
      builds: [{ run_id: 'build-1' }],
      runs: [],
    });
    const { stdout } = await run(['show', 'shapes@1'], true);
    expect(stdout).toMatch(/^dataset_id +shapes@1\n/);
    expect(stdout).toMatch(/\n\nversions\nshapes@1 *\n\nbuilds\nbuild-1 /);
    expect(stdout).not.toMatch(/\nruns\n|\nmodels\n/);
  });

  it('exits 4 for one that is not there', async () => {
    const ran = await run(['show', 'shapes@9']);
    expect(ran.code).toBe(4);
    expect(errorOf(ran)).toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});
