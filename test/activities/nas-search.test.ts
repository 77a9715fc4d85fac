import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNasSearchActivities } from '../../src/activities/nas-search.ts';
import type { StepContext } from '../../src/activities/serve-steps.ts';
import { ArtifactStore, sha256Of } from '../../src/artifacts/store.ts';
import type { NasRunInput, NasRunResult } from '../../src/contracts/nas-search.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { searchOf } from '../support/nas-planner.ts';
import { publishShapes } from '../datasets/publish/published-shapes.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const dir = mkdtempSync(join(tmpdir(), 'cerebros-nas-'));
const artifacts = new ArtifactStore(dir);
let database: TestDatabase;
let sql: Sql;
const sha256 = sha256Of('a model');
const model = { model_uri: `artifact:sha256:${sha256}`, model_sha256: sha256 };
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
  await artifacts.put(Buffer.from('a model'));
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const activities = (enabled = true) => createNasSearchActivities({ sql, artifacts, enabled });
const run: NasRunInput = { search_id: 'search', search: searchOf(), dataset_sha256: null, recoveries: 0 };

function step(phase: 'do' | 'undo'): StepContext {
  const idempotency_key = `search/root/2.0/${phase}/0`;
  const signal = new AbortController().signal;
  return {
    saga_id: 'search',
    step_name: 'publish',
    idempotency_key,
    attempt: 1,
    signal,
    heartbeat: () => undefined,
    lastHeartbeat: undefined,
  };
}

function resultWith(changes: Partial<NasRunResult> = {}): NasRunResult {
  return {
    best: { number: 3, params: { depth: 2 }, value: 0.9, epochs: 9, param_count: 1000 },
    trials: { started: 12, completed: 3, pruned: 8, failed: 1, cancelled: 0 },
    stopped_by: 'max_trials',
    epochs_trained: 42,
    validation_accuracy: 0.9,
    test_accuracy: 0.88,
    model_id: 'search',
    ...model,
    curve_uri: model.model_uri,
    ...changes,
  };
}

describe('processResults', () => {
  it('passes on a result that holds, with the id of its run, and one without a model', async () => {
    const without = resultWith({ test_accuracy: null, model_id: null, model_sha256: null, model_uri: null, curve_uri: null });
    for (const result of [resultWith(), without]) {
      expect(await activities().processResults({ run, result }, step('do'))).toEqual({ run_id: 'search', ...result });
    }
  });

  const best = resultWith().best;
  const trials = resultWith().trials;
  const other = 'ab'.repeat(32);
  it.each([
    {
      what: 'a value that is no number',
      changes: { best: { ...best, value: Number.NaN } },
      says: 'best.value: expected a share from 0 to 1, got NaN',
    },
    { what: 'a value over 1', changes: { best: { ...best, value: 1.01 } }, says: 'best.value: expected a share from 0 to 1, got 1.01' },
    { what: 'a test accuracy below 0', changes: { test_accuracy: -0.1 }, says: 'test_accuracy: expected a share' },
    {
      what: 'a validation accuracy without end',
      changes: { validation_accuracy: Infinity },
      says: 'validation_accuracy: expected a share',
    },
    { what: 'a trial that was lost', changes: { trials: { ...trials, pruned: 7 } }, says: 'trials: expected 12 in all, got 11' },
    { what: 'a trial that was counted twice', changes: { trials: { ...trials, failed: 2 } }, says: 'trials: expected 12 in all, got 13' },
    {
      what: 'a winner that was not tried',
      changes: { best: { ...best, number: 12 } },
      says: 'best.number: expected one of 12 trials, got 12',
    },
    { what: 'a model of another hash', changes: { model_sha256: other }, says: `model_uri: expected the artifact of hash ${other}` },
    { what: 'a model that is not there', changes: { model_sha256: other, model_uri: `artifact:sha256:${other}` }, says: 'found none' },
  ])('refuses $what', async ({ changes, says }) => {
    await expect(activities().processResults({ run, result: resultWith(changes) }, step('do'))).rejects.toMatchObject({
      type: 'RESULT_INVALID',
      nonRetryable: true,
      message: expect.stringContaining(says) as string,
    });
  });

  it('refuses a model that is damaged', async () => {
    const { uri, sha256: damaged } = await artifacts.put(Buffer.from('another model'));
    writeFileSync(join(dir, 'sha256', damaged.slice(0, 2), damaged.slice(2)), 'another mode');
    const result = resultWith({ model_uri: uri, model_sha256: damaged });
    await expect(activities().processResults({ run, result }, step('do'))).rejects.toMatchObject({ type: 'RESULT_INVALID' });
  });
});

describe('the other steps of a search', () => {
  it('tell of its start and end once each, however often they are tried', async () => {
    const told = activities();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await told.publishStarted({ run }, step('do'));
      await told.publishEnded({ run, why: 'cancelled' }, step('undo'));
    }
    expect((await sql`select type, data ->> 'reason' as reason from events order by seq`).map((row) => ({ ...row }))).toEqual([
      { type: 'cerebros.nas.run.started', reason: null },
      { type: 'cerebros.nas.run.cancelled', reason: 'cancelled' },
    ]);
  });

  it('fix the images that are searched on by their hash, and refuse those that this worker does not have', async () => {
    const search = searchOf();
    expect(await activities().ensureRunId({ search }, step('do'))).toMatchObject({
      search_id: 'search',
      dataset_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const unknown = searchOf({ dataset_id: 'cifar' });
    await expect(activities().ensureRunId({ search: unknown }, step('do'))).rejects.toMatchObject({
      type: 'INVALID_INPUT',
      nonRetryable: true,
    });
    expect(await activities().ensureRunId({ search: { ...search, engine: 'noop' } }, step('do'))).toMatchObject({ dataset_sha256: null });
  });

  it('fix the newest version of a dataset that was built', async () => {
    await publishShapes(dir, { version: 1 });
    await publishShapes(dir, { version: 2, count: 40 });
    const ensured = await activities().ensureRunId({ search: searchOf({ dataset_id: 'shapes' }) }, step('do'));
    expect(ensured.search.dataset_id).toBe('shapes@2');
    const older = await activities().ensureRunId({ search: searchOf({ dataset_id: 'shapes@1' }) }, step('do'));
    expect(older.search.dataset_id).toBe('shapes@1');
    expect(older.dataset_sha256).not.toBe(ensured.dataset_sha256);
  });

  it('refuse a search on a worker that takes none', async () => {
    await expect(activities(false).checkEnabled({}, step('do'))).rejects.toMatchObject({ type: 'NAS_DISABLED', nonRetryable: true });
    expect(await activities().checkEnabled({}, step('do'))).toBeNull();
  });
});
