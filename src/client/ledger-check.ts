import type { SagaRun } from '../contracts/ledger.ts';
import type { Sql } from '../ledger/connection.ts';
import { listApprovalsOfRun } from '../ledger/queries/list-approvals-of-run.ts';
import { listRunIds } from '../ledger/queries/list-run-ids.ts';
import { replaceApprovals } from '../ledger/queries/replace-approvals.ts';
import { replaceRun } from '../ledger/queries/replace-run.ts';
import { callLedger, callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { runNotFound } from './errors.ts';
import { fetchHistory, listSagaIds } from './histories.ts';
import { planInCode } from './plan-in-code.ts';
import { rebuildRun, type RebuildSources } from './rebuild.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow } from './show.ts';
import { verifyAll, verifyRun, type Verdict } from './verify.ts';
import { getRun } from '../ledger/queries/get-run.ts';

/** Longest wait for one history, in ms. */
const HISTORY_MS = 60_000;
const PAGE = 1000;

/** Compares one run, or every run there is, with its history, one after the other. Throws RUN_NOT_FOUND (exit 4) for an id that is nowhere. */
export async function* verifyLedger(cerebros: Cerebros, id?: string): AsyncGenerator<Verdict> {
  const sources = sourcesOf(cerebros);
  if (id === undefined) {
    const sql = await cerebros.ledger();
    const client = await cerebros.temporal();
    yield* verifyAll(sources, { ledger: ledgerIds(sql), temporal: listSagaIds(client) });
    return;
  }
  await requireKnown(cerebros, id);
  yield await verifyRun(sources, id);
}

/** Writes the rows of one run, or of every run there is, from its history; yields the ids and what became of them. */
export async function* rebuildLedger(cerebros: Cerebros, id?: string): AsyncGenerator<Rebuilt> {
  const sources = sourcesOf(cerebros);
  if (id !== undefined) await requireKnown(cerebros, id);
  for await (const one of id === undefined ? everyId(cerebros) : [id]) {
    const run = await rebuildRun(sources, one);
    yield { id: one, status: run ? 'rebuilt' : 'no_history' };
  }
}

/** `no_history`: never started, or Temporal does not have it any more; its rows are as they were. */
export interface Rebuilt {
  readonly id: string;
  readonly status: 'rebuilt' | 'no_history';
}

function sourcesOf(cerebros: Cerebros): RebuildSources {
  return {
    fetchHistory: (id, runId) => callTemporal(cerebros, (client) => fetchHistory(client, id, runId), HISTORY_MS),
    readRun: (id) => callLedger(cerebros, (sql) => getRun(sql, id)),
    readApprovals: (id) => callLedger(cerebros, (sql) => listApprovalsOfRun(sql, id)),
    writeRun: (run: SagaRun) => callLedger(cerebros, (sql) => replaceRun(sql, run)),
    writeApprovals: (run, approvals) => callLedger(cerebros, (sql) => replaceApprovals(sql, run, approvals)),
    planOf: planInCode,
  };
}

async function requireKnown(cerebros: Cerebros, id: string): Promise<void> {
  checkRunId(id);
  if (!(await ledgerRow(cerebros, id)) && !(await describeRun(cerebros, id))) throw runNotFound(id);
}

async function* everyId(cerebros: Cerebros): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (const source of [ledgerIds(await cerebros.ledger()), listSagaIds(await cerebros.temporal())]) {
    for await (const id of source) {
      if (!seen.has(id)) yield id;
      seen.add(id);
    }
  }
}

async function* ledgerIds(sql: Sql): AsyncGenerator<string> {
  for (let after = ''; ;) {
    const page: string[] = await listRunIds(sql, { after, limit: PAGE });
    yield* page;
    after = page.at(-1) ?? after;
    if (page.length < PAGE) return;
  }
}
