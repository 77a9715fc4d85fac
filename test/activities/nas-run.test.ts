import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createNasRunActivities } from '../../src/activities/nas-run.ts';
import type { StepContext } from '../../src/activities/serve-steps.ts';
import { StudyFile } from '../../src/activities/study-file.ts';
import { ArtifactStore, sha256Of } from '../../src/artifacts/store.ts';
import type { NasRunInput, NasStudyResult } from '../../src/contracts/nas-search.ts';
import type { TrainRungResult } from '../../src/contracts/train-rung.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { getModel } from '../../src/ledger/queries/get-model.ts';
import { listTrials } from '../../src/ledger/queries/list-trials.ts';
import { putTrialBatch } from '../../src/ledger/queries/put-trial-batch.ts';
import { trial, trialBatch } from '../ledger/trial-rows.ts';
import { searchOf } from '../support/nas-planner.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const dir = mkdtempSync(join(tmpdir(), 'cerebros-nas-'));
const artifacts = new ArtifactStore(dir);
let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

let count = 0;
let id: string;
let run: NasRunInput;
/** The jobs that were cancelled, in order; `there` says which the folder was still there for. */
let cancelled: { readonly job: string; readonly there: boolean }[];
beforeEach(() => {
  count += 1;
  id = `search-${count}`;
  run = { search_id: id, search: searchOf(), dataset_sha256: 'ab'.repeat(32), recoveries: 0 };
  cancelled = [];
});

const jobs = {
  follow: () => Promise.reject(new Error('a search follows no job')),
  cancel: async (job: string) => void cancelled.push({ job, there: existsSync(folder()) }),
};
const activities = () => createNasRunActivities({ sql, artifacts, jobs });
const folder = (): string => artifacts.runFolder(id);
const step = { signal: new AbortController().signal } as StepContext;

/** What a study that was trained leaves: some trials, and the winner's model. */
async function trained(): Promise<{ readonly found: NasStudyResult; readonly rung: TrainRungResult }> {
  await activities().openStudy({ run }, step);
  mkdirSync(join(folder(), 'best'));
  mkdirSync(join(folder(), 'trials', '0003'), { recursive: true });
  writeFileSync(join(folder(), 'trials', '0003', 'epoch-9.ckpt'), 'weights');
  writeFileSync(join(folder(), 'best', 'model.bin'), `model of ${id}`);
  const best = { number: 3, params: { depth: 2 }, value: 0.9, epochs: 9, param_count: 1000 };
  const trials = { started: 12, completed: 3, pruned: 9, failed: 0, cancelled: 0 };
  const sha256 = sha256Of(`model of ${id}`);
  return {
    found: { best, trials, stopped_by: 'max_trials', epochs_trained: 42 },
    rung: {
      engine: 'typescript',
      params: best.params,
      seed: 3,
      checkpoint: { file: 'epoch-9.ckpt', sha256, epoch: 9 },
      epochs: [{ epoch: 9, train_loss: 0.1, validation_accuracy: 0.9, ms: count }],
      value: 0.9,
      param_count: 1000,
      weights_sha256: sha256,
      model: { file: 'model.bin', sha256, test_accuracy: 0.88 },
    },
  };
}

describe('registerBest', () => {
  it('stores the model and its curve, registers it under the search, removes the checkpoints, and may be tried again', async () => {
    const winner = await trained();
    const registered = await activities().registerBest({ run, ...winner }, step);
    expect(registered).toMatchObject({ ...winner.found, model_id: id, test_accuracy: 0.88, validation_accuracy: 0.9 });
    expect(Buffer.from(await artifacts.get(registered.model_uri ?? '')).toString()).toBe(`model of ${id}`);
    expect(JSON.parse(Buffer.from(await artifacts.get(registered.curve_uri ?? '')).toString())).toEqual(winner.rung.epochs);
    expect(await getModel(sql, id)).toMatchObject({ run_id: id, sha256: registered.model_sha256, uri: registered.model_uri });
    expect(existsSync(join(folder(), 'trials'))).toBe(false);
    expect(await activities().registerBest({ run, ...winner }, step)).toEqual(registered);
  });

  it('refuses a model that is not what was trained', async () => {
    const winner = await trained();
    writeFileSync(join(folder(), 'best', 'model.bin'), 'something else');
    await expect(activities().registerBest({ run, ...winner }, step)).rejects.toMatchObject({ type: 'HASH_MISMATCH', nonRetryable: true });
    expect(await getModel(sql, id)).toBeUndefined();
  });

  it('is taken back without a trace, also twice, but what another model is made of stays', async () => {
    const winner = await trained();
    const registered = await activities().registerBest({ run, ...winner }, step);
    // Another search that came to the same bytes.
    const other = `${id}-other`;
    cpSync(folder(), artifacts.runFolder(other), { recursive: true });
    await activities().registerBest({ run: { ...run, search_id: other }, ...winner }, step);
    const stored = (uri: string | null): Promise<Uint8Array> => artifacts.get(uri ?? '');
    await activities().discardBest({ search_id: other }, step);
    expect(await getModel(sql, other)).toBeUndefined();
    expect(await stored(registered.model_uri)).toHaveLength(`model of ${id}`.length);
    for (let time = 0; time < 2; time += 1) await activities().discardBest({ search_id: id }, step);
    for (const uri of [registered.model_uri, registered.curve_uri]) await expect(stored(uri)).rejects.toThrow('found none');
    expect(await getModel(sql, id)).toBeUndefined();
  });
});

describe('discardStudy', () => {
  it('ends the study and all trials that were begun before it removes the folder, and closes their rows', async () => {
    await activities().openStudy({ run }, step);
    const rung = (number: number) => ({ number, params: {}, from_epochs: 0, to_epochs: 1 });
    const entry = { recoveries: 0, now: '2026-01-01T00:00:00.000Z', inputs: [] };
    const file = new StudyFile(folder());
    await file.append({ ...entry, seq: 0, proposals: [rung(0), rung(1), null] });
    await file.append({ ...entry, seq: 1, proposals: [{ ...rung(0), from_epochs: 1, to_epochs: 3 }, rung(2)] });
    await putTrialBatch(
      sql,
      trialBatch({ trials: [trial(id, 0), trial(id, 1, { status: 'running' }), trial(id, 2, { status: 'waiting' })] }),
    );
    await activities().discardStudy({ search_id: id }, step);
    expect(cancelled.map(({ job }) => job)).toEqual([`${id}.study`, `${id}.best`, `${id}.t0000`, `${id}.t0001`, `${id}.t0002`]);
    expect(cancelled.every(({ there }) => there)).toBe(true);
    expect(existsSync(folder())).toBe(false);
    expect((await listTrials(sql, id)).map(({ status }) => status)).toEqual(['completed', 'cancelled', 'cancelled']);
  });

  it('is fine when there is nothing, as after another try', async () => {
    expect(await activities().discardStudy({ search_id: id }, step)).toBeNull();
    expect(await activities().discardStudy({ search_id: id }, step)).toBeNull();
  });
});

describe('openStudy', () => {
  it('makes the folder with what is searched, and leaves a study that is there alone', async () => {
    await activities().openStudy({ run }, step);
    writeFileSync(join(folder(), 'study.jsonl'), 'kept');
    expect(await activities().openStudy({ run }, step)).toEqual({ dataset_files: null });
    expect(JSON.parse(readFileSync(join(folder(), 'search.json'), 'utf8'))).toEqual(run.search);
    expect(readFileSync(join(folder(), 'study.jsonl'), 'utf8')).toBe('kept');
  });
});
