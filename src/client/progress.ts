import type { SagaRun } from '../contracts/ledger.ts';
import { progressOf, stepReports, type ProgressObject, type StepReport } from '../contracts/progress.ts';
import { raiseProgress } from '../ledger/queries/raise-progress.ts';
import { childCalls } from './child-calls.ts';
import { callLedger, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { asEnded } from './ended-by-temporal.ts';
import { pendingCalls } from './pending-calls.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow, queryRun, showRun } from './show.ts';

/** An open run is asked itself, for this long, in ms; then the ledger is. */
const QUERY_MS = 1000;

/** Where a run stands: its rows and its progress, of one moment. */
export interface RunView {
  readonly run: SagaRun;
  readonly progress: ProgressObject;
  /** What its running steps say of themselves. */
  readonly reports: readonly StepReport[];
}

/** The exact progress of a run, open or closed, with or without a worker. Throws as `showRun` does. */
export async function progressOfRun(cerebros: Cerebros, id: string): Promise<ProgressObject> {
  return (await viewRun(cerebros, id)).progress;
}

/** The rows of a run as fresh as they can be had, and its progress. Throws as `showRun` does. */
export async function viewRun(cerebros: Cerebros, id: string): Promise<RunView> {
  checkRunId(id);
  const { description, fault } = await describeRun(cerebros, id).then(
    (found) => ({ description: found, fault: undefined }),
    (error: unknown) => ({ description: undefined, fault: error }),
  );
  const open = description?.status.name === 'RUNNING';
  const fresh = open ? await queryRun(cerebros, id, QUERY_MS).catch(() => undefined) : undefined;
  const run = fresh ?? asEnded(await (fault === undefined ? showRun(cerebros, id) : knownRun(cerebros, id, fault)), description);
  const pending = open ? [...pendingCalls(description), ...(await childCalls(cerebros, run, description))] : [];
  const progress = progressOf(run, { now: Date.now(), pending });
  const kept = open ? await neverBack(cerebros, progress) : raised(progress, run.metadata['progress_shown']);
  return { run, progress: kept, reports: stepReports(run, pending) };
}

/** What the ledger knows, when Temporal does not answer: asking it once more would only take longer. */
async function knownRun(cerebros: Cerebros, id: string, fault: unknown): Promise<SagaRun> {
  const row = await ledgerRow(cerebros, id);
  if (!row) throw fault;
  return row;
}

/** A step that starts over from a checkpoint, or has failed, has less to show than before; what was shown stays shown. Without a ledger it may go back. */
async function neverBack(cerebros: Cerebros, progress: ProgressObject): Promise<ProgressObject> {
  const shown = await callLedger(cerebros, (sql) => raiseProgress(sql, progress.workflow_id, progress.progress), QUERY_MS).catch(
    () => undefined,
  );
  return raised(progress, shown);
}

function raised(progress: ProgressObject, shown: unknown): ProgressObject {
  return typeof shown === 'number' ? { ...progress, progress: Math.max(shown, progress.progress) } : progress;
}
