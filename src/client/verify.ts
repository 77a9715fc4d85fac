import type { Json, SagaRun } from '../contracts/ledger.ts';
import type { Plan } from '../contracts/plan.ts';
import type { ApprovalRow } from '../contracts/step-protocol.ts';
import { parseVersion } from '../contracts/version.ts';
import { pauseFor } from './bounded.ts';
import { compareRun, type Comparison, type Difference, type LedgerRows } from './history/compare.ts';
import type { HistoryEvent } from './history/decode.ts';
import { foldHistory, type FoldOptions } from './history/fold.ts';
import type { FoldedRun } from './history/folded.ts';
import { HistoryError } from './history/history-error.ts';
import { isWhole } from './history/row-reader.ts';

/**
 * `ok`: rows and history agree · `different`: they do not · `unresolved`: Temporal ended the run and nothing undid it yet ·
 * `skipped`: not started, or no saga · `no_history`: Temporal does not have it any more.
 */
export interface Verdict {
  readonly id: string;
  readonly status: 'ok' | 'different' | 'unresolved' | 'skipped' | 'no_history';
  readonly differences: readonly Difference[];
}

/** Reads the events of a run, by default the latest of the id; undefined when there is none. */
export type FetchHistory = (id: string, runId?: string) => Promise<readonly HistoryEvent[] | undefined>;

/** Where a verification reads. */
export interface VerifySources {
  readonly fetchHistory: FetchHistory;
  readonly readRun: (id: string) => Promise<SagaRun | undefined>;
  /** The rows of `approvals` of a run. Default: they are not compared. */
  readonly readApprovals?: (id: string) => Promise<readonly ApprovalRow[]>;
  /** The plan in code of a run that was started by hand, without a memo. Default: none. */
  readonly planOf?: (workflowType: string, input: Json) => Plan | undefined;
  /** Between two readings of a run that moves. Default 100 ms. */
  readonly pause_ms?: number;
}

/** Ids to verify; each may name a run more than once. */
export interface VerifyIds {
  readonly ledger: AsyncIterable<string>;
  readonly temporal: AsyncIterable<string>;
}

/** A run that moves on is read at most this many times. */
const READINGS = 5;

/** Compares one run's rows with its history. The history is read first, for a run closes only after its last flush; the approvals last. */
export async function verifyRun(sources: VerifySources, id: string): Promise<Verdict> {
  let verdict: Verdict = { id, status: 'ok', differences: [] };
  for (let reading = 1; reading <= READINGS; reading += 1) {
    if (reading > 1) await pauseFor(sources.pause_ms ?? 100);
    const read = await readOnce(sources, id);
    verdict = read.verdict;
    if (!read.moving) break;
  }
  return verdict;
}

/** Every run of the ledger, and every saga that Temporal knows: so a run whose row is gone is found too. Each id once. */
export async function* verifyAll(sources: VerifySources, ids: VerifyIds): AsyncGenerator<Verdict> {
  const seen = new Set<string>();
  for (const from of [ids.ledger, ids.temporal]) {
    for await (const id of from) {
      if (seen.has(id)) continue;
      seen.add(id);
      yield await verifyRun(sources, id);
    }
  }
}

interface Reading {
  readonly verdict: Verdict;
  /** The run was moving between the two reads: read again. */
  readonly moving: boolean;
}

async function readOnce(sources: VerifySources, id: string): Promise<Reading> {
  const events = await sources.fetchHistory(id);
  const row = await sources.readRun(id);
  if (row?.run_id === null) return still({ id, status: 'skipped', differences: [] });
  if (!events) return still({ id, status: row ? 'no_history' : 'skipped', differences: [] });
  try {
    const options = foldOptions(sources, id, events);
    return row ? await judge(sources, { row, events, options }) : missing(foldHistory(events, options));
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    return still(different(id, [rowDifference(id, row?.status ?? null, error.message)]));
  }
}

/** The memo's plan, or the one in code. */
export function foldOptions(sources: Pick<VerifySources, 'planOf'>, id: string, events: readonly HistoryEvent[]): FoldOptions {
  const { planned, workflow_type, inputs } = foldHistory(events, { id, up_to: 1 });
  return planned ? { id } : { id, plan: sources.planOf?.(workflow_type, inputs) };
}

/** A job, or a run that has not come to its first flush, has no row. */
function missing(run: FoldedRun): Reading {
  if (!run.planned || run.last_task === 0) return still({ id: run.id, status: 'skipped', differences: [] });
  return { verdict: different(run.id, [rowDifference(run.id, null, run.status)]), moving: run.ended === 'open' };
}

interface Both {
  readonly row: SagaRun;
  readonly events: readonly HistoryEvent[];
  readonly options: FoldOptions;
}

async function judge(sources: VerifySources, { row, events, options }: Both): Promise<Reading> {
  const folded = foldHistory(events, options);
  const { run_no } = parseVersion(row.version);
  const behind = run_no < folded.run_no;
  if (behind && folded.last_task === 0) return await judgeEarlier(sources, row, folded);
  const compared = compareRun(events, options, await rowsWith(sources, row));
  if (behind) return { verdict: different(row.id, [versionDifference(row, folded), ...compared.differences]), moving: true };
  if (run_no > folded.run_no) return { verdict: different(row.id, [versionDifference(row, folded)]), moving: true };
  if (compared.ahead && folded.ended === 'open') return { verdict: verdictOf(row.id, compared), moving: true };
  return { verdict: verdictOf(row.id, compared), moving: compared.differences.length > 0 && !isWhole(folded) };
}

/** The new run has not written a row yet: what is there must agree with the run before it. */
async function judgeEarlier(sources: VerifySources, row: SagaRun, folded: FoldedRun): Promise<Reading> {
  const events = row.run_id === null || row.run_id === folded.run_id ? undefined : await sources.fetchHistory(row.id, row.run_id);
  if (!events) return { verdict: { id: row.id, status: 'skipped', differences: [] }, moving: true };
  const compared = compareRun(events, foldOptions(sources, row.id, events), await rowsWith(sources, row));
  return { verdict: verdictOf(row.id, compared), moving: true };
}

async function rowsWith(sources: VerifySources, run: SagaRun): Promise<LedgerRows> {
  return { run, approvals: await sources.readApprovals?.(run.id) };
}

function verdictOf(id: string, { differences, folded }: Comparison): Verdict {
  if (differences.length > 0) return different(id, differences);
  const { ended } = folded;
  return { id, status: ended === 'terminated' || ended === 'timed_out' || ended === 'broken' ? 'unresolved' : 'ok', differences };
}

function versionDifference(row: SagaRun, folded: FoldedRun): Difference {
  return {
    table: 'saga_runs',
    id: row.id,
    step_idx: null,
    field: 'version',
    ledger: parseVersion(row.version).run_no,
    history: folded.run_no,
  };
}

function rowDifference(id: string, ledger: Json, history: Json): Difference {
  return { table: 'saga_runs', id, step_idx: null, field: 'row', ledger, history };
}

function different(id: string, differences: readonly Difference[]): Verdict {
  return { id, status: 'different', differences };
}

function still(verdict: Verdict): Reading {
  return { verdict, moving: false };
}
