import { expect } from 'vitest';
import type { Client } from '@temporalio/client';
import type { HistoryEvent } from '../../src/client/history/decode.ts';
import { fetchHistory } from '../../src/client/histories.ts';
import type { RebuildSources } from '../../src/client/rebuild.ts';
import { verifyRun, type Verdict } from '../../src/client/verify.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { replaceRun } from '../../src/ledger/queries/replace-run.ts';
import type { Effect, EffectsFile } from './effects-file.ts';
import { ORDERED, SIX } from './six-steps.ts';
import { until } from './until.ts';

/** Where the truth about a run stands, besides the run itself. */
export interface Witnesses {
  readonly client: Client;
  readonly sql: Sql;
  readonly effects: EffectsFile;
}

/** What the witnesses say of a closed run. */
export interface Evidence {
  readonly id: string;
  /** Temporal's word. */
  readonly closed: string;
  readonly rows: SagaRun;
  readonly effects: readonly Effect[];
  readonly events: readonly HistoryEvent[];
  readonly verdict: Verdict;
}

/** Reads what all witnesses say. Throws when the ledger does not know the run. */
export async function gather({ client, sql, effects }: Witnesses, id: string): Promise<Evidence> {
  const { status } = await client.workflow.getHandle(id).describe();
  const rows = await getRun(sql, id);
  if (!rows) throw new Error(`no rows of ${id}`);
  const events = (await fetchHistory(client, id)) ?? [];
  return { id, closed: status.name, rows, effects: effects.all(id), events, verdict: await verifyRun(sourcesOf({ client, sql }), id) };
}

/** Waits until Temporal says that the run has closed; a run that does not converge is told with what it still waits for. */
export async function untilClosed(client: Client, id: string, ms = 60_000): Promise<void> {
  const handle = client.workflow.getHandle(id);
  const isClosed = async (): Promise<boolean> => (await handle.describe()).status.name !== 'RUNNING';
  try {
    await until(isClosed, ms);
  } catch (cause) {
    const { raw } = await handle.describe();
    const pending = {
      activities: raw.pendingActivities,
      task: raw.pendingWorkflowTask,
      length: String(raw.workflowExecutionInfo?.historyLength),
    };
    throw new Error(`${id} did not close within ${ms} ms: ${JSON.stringify(pending)}`, { cause });
  }
}

/** The sources of a verification or rebuild. */
export function sourcesOf({ client, sql }: Pick<Witnesses, 'client' | 'sql'>): RebuildSources {
  return {
    fetchHistory: (id, runId) => fetchHistory(client, id, runId),
    readRun: (id) => getRun(sql, id),
    writeRun: (run) => replaceRun(sql, run),
  };
}

const CLOSES: Readonly<Record<string, readonly string[]>> = {
  completed: ['COMPLETED'],
  failed: ['FAILED'],
  halted: ['FAILED'],
  rolled_back: ['FAILED', 'CANCELLED'],
  cancelled: ['FAILED', 'CANCELLED'],
};

/** The laws that hold for every closed run of the six steps, whatever happened to it. */
export function expectLaws(evidence: Evidence): void {
  const { rows, closed, verdict, effects } = evidence;
  expect(verdict.differences, 'ledger and history').toEqual([]);
  expect(verdict.status).toBe('ok');
  expect(CLOSES[rows.status], `closed as ${closed}`).toContain(closed);
  expect(duplicates(effects), 'effects made twice').toEqual([]);
  expectOrder(effects);
  if (rows.status === 'completed') expectDone(evidence);
  if (rows.status === 'rolled_back' || rows.status === 'cancelled') expectUndone(evidence);
}

/** Effects under the same generation of a step and phase: there is to be one at most. */
export function duplicates(effects: readonly Effect[]): string[] {
  const names = effects.map(({ step, phase, key }) => `${step}:${phase}:${key.slice(key.lastIndexOf('/') + 1)}`);
  return names.filter((name, at) => names.indexOf(name) !== at);
}

/** What is left of each step: 1 when its effect stands. An undo of what was never done changes nothing. */
export function standing(effects: readonly Effect[]): Record<string, number> {
  const left: Record<string, number> = {};
  for (const { step, phase } of effects) left[step] = phase === 'do' ? (left[step] ?? 0) + 1 : Math.max(0, (left[step] ?? 0) - 1);
  return left;
}

/** Within a generation a step acts after what it needs, and is undone before it. */
function expectOrder(effects: readonly Effect[]): void {
  const at = (step: string, phase: 'do' | 'undo'): number =>
    effects.findIndex((one) => one.step === step && one.phase === phase && one.key.endsWith('/0'));
  for (const [later, earlier] of ORDERED) {
    if (at(later, 'do') >= 0) expect(at(earlier, 'do'), `${later} acts after ${earlier}`).toBeLessThan(at(later, 'do'));
    if (at(later, 'undo') >= 0 && at(earlier, 'undo') >= 0)
      expect(at(later, 'undo'), `${later} is undone before ${earlier}`).toBeLessThan(at(earlier, 'undo'));
  }
}

function expectDone({ rows, effects }: Evidence): void {
  expect(rows.error).toBeNull();
  expect(standing(effects)).toEqual(Object.fromEntries(SIX.map((name) => [name, 1])));
  expect(
    rows.steps.map(({ step_name, status, output, error, compensated_at }) => ({ step_name, status, output, error, compensated_at })),
  ).toEqual(SIX.map((step_name) => ({ step_name, status: 'completed', output: step_name, error: null, compensated_at: null })));
}

function expectUndone({ rows, effects }: Evidence): void {
  expect(rows.error).not.toHaveProperty('stuck');
  expect(Object.values(standing(effects)).filter((left) => left !== 0)).toEqual([]);
  for (const { step_name, status, compensated_at } of rows.steps) {
    const own = effects.filter((effect) => effect.step === step_name);
    const undo = own.find((effect) => effect.phase === 'undo');
    expect(compensated_at !== null, `${step_name} is marked as undone`).toBe(undo !== undefined);
    expect(['compensated', 'failed', 'cancelled', 'pending'], step_name).toContain(status);
    if (status === 'pending') expect(own, `effects of ${step_name}, which never started`).toEqual([]);
    if (status === 'compensated' && undo?.outcome === 'done') expect(own.map((effect) => effect.phase)).toContain('do');
  }
}
