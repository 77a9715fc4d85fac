import type { Client } from '@temporalio/client';
import { isId } from '../contracts/ids.ts';
import { CLOSED_STATUSES } from '../contracts/ledger.ts';
import type { ReconcileFailure, Reconciled } from '../contracts/reconcile.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';
import { UserError } from '../contracts/user-error.ts';
import { runStatuses, type RunStanding } from '../ledger/queries/run-statuses.ts';
import { callLedger, callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { endedByTemporal } from './ended-by-temporal.ts';
import { firstEvent, type FirstEvent } from './first-event.ts';
import { planInCode } from './plan-in-code.ts';
import { rollbackRun } from './rollback.ts';

export interface ReconcileOptions {
  /** Once it aborts no further run is taken up. Default: none. */
  readonly signal?: AbortSignal;
  /** Most runs that are taken up in one go. Default 200. */
  readonly limit?: number;
}

const LIMIT = 200;
/** Only what ended within this time, in ms, is looked at, and of that the newest. */
const SINCE_MS = 7 * 24 * 3_600_000;
const SCANNED_MAX = 1000;
const MESSAGE_CHARS = 300;

/**
 * Starts the rollback of every saga that Temporal ended without undo (terminated, timed out, over a limit), and does not wait for it. Left
 * alone are runs that keep everything at a failure (`on_failure: halt`), for `recover`, and sub-sagas whose parent has not come to its end:
 * its step's undo owns them. One run's failure does not stop the others. Throws TEMPORAL_UNREACHABLE and LEDGER_UNREACHABLE (exit 3).
 */
export async function rollBackEnded(cerebros: Cerebros, { signal, limit = LIMIT }: ReconcileOptions = {}): Promise<Reconciled> {
  const rolled_back: string[] = [];
  const failed: ReconcileFailure[] = [];
  for (const ended of await unsettledRuns(cerebros)) {
    if (signal?.aborted || rolled_back.length + failed.length >= limit) break;
    try {
      if (await takeUp(cerebros, ended)) rolled_back.push(ended.id);
    } catch (error) {
      if (error instanceof UserError && error.exitCode === 3) throw error;
      const message = error instanceof Error ? error.message : String(error);
      failed.push({ id: ended.id, message: message.slice(0, MESSAGE_CHARS) });
    }
  }
  return { rolled_back, failed };
}

/** A run that Temporal ended, the latest such of its id. */
interface EndedRun {
  readonly id: string;
  readonly started_at: number;
}

interface UnsettledRun extends EndedRun {
  readonly row: RunStanding | undefined;
}

/** Those whose row is not of a run that has closed; one that ended before its first flush may have none. */
async function unsettledRuns(cerebros: Cerebros): Promise<readonly UnsettledRun[]> {
  const ended = await callTemporal(cerebros, listEnded);
  const rows = await callLedger(cerebros, (sql) =>
    runStatuses(
      sql,
      ended.map(({ id }) => id),
    ),
  );
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return ended.map((run) => ({ ...run, row: rowOf.get(run.id) })).filter((run) => !isSettled(run));
}

/** Newest end first. */
async function listEnded(client: Client): Promise<readonly EndedRun[]> {
  const since = new Date(Date.now() - SINCE_MS).toISOString();
  const query = `${SEARCH_ATTRIBUTES.kind.name} IS NOT NULL AND ExecutionStatus IN ('Terminated', 'TimedOut') AND CloseTime > '${since}'`;
  const latest = new Map<string, number>();
  let scanned = 0;
  for await (const { workflowId: id, startTime } of client.workflow.list({ query, pageSize: SCANNED_MAX })) {
    if (isId(id)) latest.set(id, Math.max(latest.get(id) ?? 0, startTime.getTime()));
    scanned += 1;
    if (scanned >= SCANNED_MAX) break;
  }
  return [...latest].map(([id, started_at]) => ({ id, started_at }));
}

/** Has the row been closed, by this run or one after it? A run that was entered again and ended at once leaves the row of the one before. */
function isSettled({ row, started_at }: UnsettledRun): boolean {
  if (!row || !CLOSED_STATUSES.includes(row.status)) return false;
  return row.completed_at === null || Date.parse(row.completed_at) >= started_at;
}

/** Answers whether its rollback was started. */
async function takeUp(cerebros: Cerebros, { id, row }: UnsettledRun): Promise<boolean> {
  if (!(await isEnded(cerebros, id))) return false;
  const first = await callTemporal(cerebros, (client) => firstEvent(client, id));
  if (!isSaga(first) || keepsAll(first, row) || (await isOwned(cerebros, first))) return false;
  try {
    await rollbackRun(cerebros, id);
    return true;
  } catch (error) {
    // Somebody may have taken it up meanwhile.
    if (!(await isEnded(cerebros, id))) return false;
    throw error;
  }
}

/** Is the latest run of the id one that Temporal ended? */
async function isEnded(cerebros: Cerebros, id: string): Promise<boolean> {
  return endedByTemporal(await describeRun(cerebros, id));
}

/** A job has no plan. */
function isSaga({ memo, workflow_type, input }: FirstEvent): boolean {
  return memo !== undefined || planInCode(workflow_type, input) !== undefined;
}

/** Was it to keep everything at a failure? Not when somebody was undoing it. */
function keepsAll({ start }: FirstEvent, row: RunStanding | undefined): boolean {
  const mode = start?.reentry?.mode;
  const undoing = mode === 'rollback' || mode === 'undo_retry' || row?.status === 'compensating';
  return start?.on_failure === 'halt' && !undoing;
}

/** Does a parent's undo, or its recovery, still decide about it? */
async function isOwned(cerebros: Cerebros, { start }: FirstEvent): Promise<boolean> {
  const parent = start?.parent_id;
  if (parent === undefined) return false;
  const [row] = await callLedger(cerebros, (sql) => runStatuses(sql, [parent]));
  return !row || row.status === 'halted' || !CLOSED_STATUSES.includes(row.status);
}
