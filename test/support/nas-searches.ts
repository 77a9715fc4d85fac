import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { startSaga, verifyLedger, waitClosed } from '../../src/client/index.ts';
import type { StudyEntry } from '../../src/activities/study-file.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { trialId, type NasSearchResult, type StudyView, type TrialRow } from '../../src/contracts/nas-search.ts';
import { studyQuery } from '../../src/contracts/messages.ts';
import type { OnFailure } from '../../src/contracts/saga-start.ts';
import type { TrainRungInput } from '../../src/contracts/train-rung.ts';
import { listTrials } from '../../src/ledger/queries/list-trials.ts';
import type { NasRig } from './nas-rig.ts';
import { until } from './until.ts';

// Words that the tests of whole searches are written in.

/** A search that trains nothing: 8 trials of up to 3 epochs, two at a time. */
export function noop(changes: object = {}): object {
  const space = { x: { type: 'float', low: 0, high: 1 } };
  return {
    dataset_id: 'digits',
    objective: 'accuracy',
    engine: 'noop',
    epochs: 3,
    seed: 3,
    search_space: space,
    budget: { max_trials: 8 },
    ...changes,
  };
}

/** A search on a part of the digits: 6 trials of up to 3 epochs; two seconds of training. */
export function digits(changes: object = {}): object {
  return {
    dataset_id: 'digits',
    objective: 'accuracy',
    dataset_limit: { train: 400, validation: 200, test: 200 },
    epochs: 3,
    seed: 3,
    search_space: {
      depth: { type: 'int', low: 1, high: 2 },
      width: { type: 'categorical', choices: [8, 24] },
      learning_rate: { type: 'float', low: 0.0005, high: 0.03, log: true },
      batch_size: { type: 'categorical', choices: [32, 128] },
    },
    budget: { max_trials: 6 },
    ...changes,
  };
}

/** Trained on the digits, its loss is NaN after eight batches. */
export const DIVERGING = { depth: 6, width: 64, activation: 'relu', optimizer: 'sgd', momentum: 0.999, learning_rate: 1, batch_size: 8 };

/** Starts a search, does not wait. */
export async function start(rig: NasRig, id: string, input: object, on_failure?: OnFailure): Promise<void> {
  await startSaga(rig.cerebros, { kind: 'nas-search', id, input, on_failure });
}

/** Resolves once the search has closed: its rows. */
export function closed(rig: NasRig, id: string): Promise<SagaRun> {
  return waitClosed(rig.cerebros, id, { timeout_ms: 60_000 });
}

/** Starts a search and waits for its end. */
export async function searched(rig: NasRig, id: string, input: object): Promise<SagaRun> {
  await start(rig, id, input);
  return closed(rig, id);
}

export function resultOf(run: SagaRun): NasSearchResult {
  if (run.status !== 'completed') throw new Error(`expected ${run.id} to be completed, it is ${run.status}: ${JSON.stringify(run.error)}`);
  return run.result as unknown as NasSearchResult;
}

export function trialsOf({ sql }: Pick<NasRig, 'sql'>, id: string): Promise<TrialRow[]> {
  return listTrials(sql, id);
}

/** What a search found, but for the times: equal for searches that came to the same. */
export async function findings(rig: Pick<NasRig, 'sql'>, id: string): Promise<readonly object[]> {
  const trials = await trialsOf(rig, id);
  return trials.map(({ number, params, status, value, epochs, param_count, weights_sha256, error }) => {
    return { number, params, status, value, epochs, param_count, weights_sha256, error };
  });
}

/** What was measured of a search: loss and accuracy of each epoch of each trial. */
export async function measurements({ sql }: Pick<NasRig, 'sql'>, id: string): Promise<readonly string[]> {
  const rows = await sql`select trial, step, name, value from metrics where run = ${id} order by trial, step, name`;
  return rows.map((row) => [row['trial'], row['step'], row['name'], row['value']].join(' '));
}

/** Types of the events of a search, in their order; the saga's own left out. */
export async function eventsOf({ sql }: Pick<NasRig, 'sql'>, id: string): Promise<readonly string[]> {
  const rows = await sql`select type from events where subject = ${id} and type not like 'cerebros.saga.%' order by seq`;
  return rows.map((row) => String(row['type']));
}

export function nasEventsOf(rig: Pick<NasRig, 'sql'>, id: string): Promise<readonly string[]> {
  return eventsOf(rig, id).then((types) => types.filter((type) => type.startsWith('cerebros.nas.')));
}

export function viewOf({ client }: Pick<NasRig, 'client'>, id: string): Promise<StudyView> {
  return client.workflow.getHandle(`${id}.study`).query(studyQuery);
}

/** The files of the artifact folder, relative to it. */
export function filesOf({ artifactsDir }: Pick<NasRig, 'artifactsDir'>): string[] {
  if (!existsSync(artifactsDir)) return [];
  const entries = readdirSync(artifactsDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(artifactsDir.length + 1));
}

/** The calls of a study's planner that its file holds, whether they count or not. */
export function studyEntries({ artifactsDir }: Pick<NasRig, 'artifactsDir'>, id: string): StudyEntry[] {
  const lines = readFileSync(join(artifactsDir, 'runs', id, 'study.jsonl'), 'utf8').split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line) as StudyEntry);
}

/** What Temporal says of a workflow: `NONE` when it does not know it. */
export async function statusOf({ client }: Pick<NasRig, 'client'>, id: string): Promise<string> {
  const described = client.workflow.getHandle(id).describe();
  return described.then(
    ({ status }) => status.name,
    () => 'NONE',
  );
}

/** The workflows of a search that are still open, by its rows in the ledger. */
export async function openWorkflows(rig: NasRig, id: string): Promise<string[]> {
  const trials = (await trialsOf(rig, id)).map(({ number }) => trialId(id, number));
  const ids = [id, `${id}.run`, `${id}.study`, `${id}.best`, ...trials];
  const statuses = await Promise.all(ids.map((each) => statusOf(rig, each)));
  return ids.filter((_, at) => statuses[at] === 'RUNNING');
}

/** How the rows of a search and of its sub-saga differ from their histories. */
export async function differences(rig: Pick<NasRig, 'cerebros'>, id: string): Promise<readonly object[]> {
  const found: object[] = [];
  for (const run of [id, `${id}.run`])
    for await (const { status, differences: of } of verifyLedger(rig.cerebros, run))
      found.push(...of, ...(status === 'ok' ? [] : [{ run, status }]));
  return found;
}

/** Of a search that was undone: what it may have left behind. Its trials stay in their table, as evidence. */
export async function leftOf(rig: NasRig, id: string): Promise<object> {
  const outputs = await rig.sql`select output::text as text from saga_step_results where saga_id = ${`${id}.run`}`;
  const stored = [...JSON.stringify(outputs).matchAll(/artifact:sha256:([0-9a-f]{2})([0-9a-f]{62})/g)].map(
    ([, head, tail]) => `sha256/${head}/${tail}`,
  );
  const models = await rig.sql<{ readonly metrics: object }[]>`select metrics from models`;
  const used = JSON.stringify(models);
  const files = filesOf(rig);
  return {
    folder: files.filter((file) => file.startsWith(`runs/${id}/`)),
    stored: stored.filter((file) => files.includes(file) && !used.includes(file.slice('sha256/'.length).replace('/', ''))),
    models: (await rig.sql`select id from models where id = ${id}`).length,
    workflows: await openWorkflows(rig, id),
    trials: (await trialsOf(rig, id)).filter(({ status }) => status === 'running' || status === 'waiting').map(({ number }) => number),
  };
}

export const NOTHING = { folder: [], stored: [], models: 0, workflows: [], trials: [] };

/** Holds rungs of a search where they would begin, alive, until they are let go. */
export class Hold {
  /** Rungs that came to it, in order, as `trial:to_epoch`; `best` for the winner trained again. */
  readonly came: string[] = [];
  readonly #isHeld: (rung: TrainRungInput) => boolean;
  #release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => (this.#release = resolve));

  /** Default: every rung. */
  constructor(rig: NasRig, searchId: string, isHeld: (rung: TrainRungInput) => boolean = () => true) {
    this.#isHeld = isHeld;
    rig.around(searchId, 'trainRung', (rung: TrainRungInput, proceed) => this.#pass(rung, proceed));
  }

  letGo(): void {
    this.#release();
  }

  /** Resolves once so many rungs have come. */
  async until(count: number): Promise<void> {
    await until(() => this.came.length >= count, 30_000, `${count} rungs, of which came ${this.came.join(', ')}`);
  }

  async #pass(rung: TrainRungInput, proceed: () => Promise<unknown>): Promise<unknown> {
    this.came.push(rung.final ? 'best' : `${rung.trial}:${rung.to_epoch}`);
    if (!this.#isHeld(rung)) return proceed();
    const context = Context.current();
    const pulse = setInterval(() => context.heartbeat(), 500);
    try {
      await Promise.race([this.#released, context.cancelled]);
    } finally {
      clearInterval(pulse);
    }
    return proceed();
  }
}

/** Starts a search of which rungs are held: by default all. Resolves when so many, by default 2, have come. */
export async function held(
  rig: NasRig,
  id: string,
  input: object,
  { hold = new Hold(rig, id), count = 2 }: { readonly hold?: Hold; readonly count?: number } = {},
): Promise<Hold> {
  await start(rig, id, input);
  await hold.until(count);
  return hold;
}
