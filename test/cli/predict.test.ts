import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import { connect } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import { withLedger } from '../../src/ledger/connection.ts';
import { putModel } from '../../src/ledger/queries/put-model.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';
import { createTrainer } from '../../src/training/trainer.ts';
import { drawn } from '../datasets/publish/drawn-rows.ts';
import { publishShapes } from '../datasets/publish/published-shapes.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { cerebros, type Ran } from './fake-context.ts';

let database: TestDatabase;
let dir: string;
beforeAll(async () => {
  database = await createTestDatabase();
  dir = await mkdtemp(join(tmpdir(), 'cerebros-predict-'));
  await publishShapes(dir);
  await register('shapes@1', 20);
  await register('digits', 1);
  for (const n of [100, 101]) await writeFile(join(dir, `${n}.png`), await readFile((await drawn(dir, { n, width: 20, height: 20 })).blob));
});
afterAll(async () => {
  await database.drop();
  await rm(dir, { recursive: true, force: true });
});

async function register(id: string, epochs: number): Promise<void> {
  const dataset = loadDataset(id, { published: join(dir, 'datasets') });
  const trainer = createTrainer({ spec: resolveSpec('mlp-small', { epochs, batch_size: 8 }, dataset.info), dataset, seed: 1 });
  while (!trainer.done) trainer.trainBatch();
  const { uri, sha256 } = await new ArtifactStore(dir).put(trainer.model());
  await withLedger(database.url, (sql) => putModel(sql, { id: `model-of-${id}`, run_id: null, sha256, uri, spec: {}, metrics: {} }));
}

function predict(args: readonly string[], tty = false): Promise<Ran> {
  const given = { address: '127.0.0.1:1', database_url: database.url, data_dir: dir };
  const connections = resolveConnections(given, { CEREBROS_ARTIFACTS_DIR: dir });
  return cerebros(['predict', ...args], { tty, cwd: dir, connect: () => Promise.resolve(connect({ connections })) });
}

describe('predict', () => {
  it('names the class as the dataset does that the model was trained on', async () => {
    for (const [file, label] of [
      ['100.png', 'left'],
      ['101.png', 'right'],
    ] as const) {
      const answer: unknown = JSON.parse((await predict(['model-of-shapes@1', file, '-o', 'json'])).stdout);
      expect(answer).toMatchObject({ class: label === 'left' ? 0 : 1, label });
      expect((await predict(['model-of-shapes@1', file], true)).stdout).toMatch(new RegExp(`^CLASS +PROBABILITY\\n${label} `));
    }
  });

  it('numbers the classes of a dataset that has no names for them', async () => {
    const answer = JSON.parse((await predict(['model-of-digits', '100.png', '-o', 'json'])).stdout) as { class: number; label: string };
    expect(answer.label).toBe(String(answer.class));
  });
});
