import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { QUEUES } from '../contracts/queues.ts';
import type { RunStatus } from '../contracts/ledger.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { UserError } from '../contracts/user-error.ts';
import { callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { refused, runNotFound } from './errors.ts';
import { fetchHistory } from './histories.ts';
import { foldHistory } from './history/fold.ts';
import { foldRows } from './history/from-rows.ts';
import type { FoldedRun } from './history/folded.ts';
import { planInCode } from './plan-in-code.ts';
import type { ReentryPlan, ReentryPreview } from './reentry.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow } from './show.ts';
import { workflowOptions } from './start-options.ts';
import { foldOptions } from './verify.ts';

/** A run that was entered again, or with `dry_run` would be. */
export interface ReentryResult {
  readonly execution_id: string;
  /** Of the new run; null for a dry run. */
  readonly run_id: string | null;
  readonly status: RunStatus;
  readonly dry_run: boolean;
  readonly preview: ReentryPreview;
}

/** What the three ways to enter a run again differ in. */
export interface ReentryRequest {
  readonly plan: (folded: FoldedRun) => ReentryPlan;
  /** Of the new run while it does what it was started for. */
  readonly status: RunStatus;
  readonly dry_run?: boolean | undefined;
}

/** A history is at most 50 MB; longest wait for it, in ms. */
const HISTORY_MS = 60_000;

/**
 * Runs the body of a closed run again, under the same id, from what its history says. Throws UserErrors: RUN_NOT_FOUND (exit 4),
 * CONFLICT or REFUSED (5). Where Temporal keeps the history no more, the ledger's rows serve.
 */
export async function reenter(cerebros: Cerebros, id: string, request: ReentryRequest): Promise<ReentryResult> {
  checkRunId(id);
  const folded = await foldLatest(cerebros, id);
  const planned = request.plan(folded);
  if ('refusal' in planned) throw new UserError(planned.refusal.code, planned.refusal.message, { hint: planned.refusal.hint, exitCode: 5 });
  const { start, preview } = planned;
  if (request.dry_run) return { execution_id: id, run_id: null, status: folded.status, dry_run: true, preview };
  const run_id = await startAgain(cerebros, folded, { start, status: request.status });
  return { execution_id: id, run_id, status: request.status, dry_run: false, preview };
}

async function foldLatest(cerebros: Cerebros, id: string): Promise<FoldedRun> {
  const events = await callTemporal(cerebros, (client) => fetchHistory(client, id), HISTORY_MS);
  if (events) return foldHistory(events, foldOptions({ planOf: planInCode }, id, events));
  const row = await ledgerRow(cerebros, id);
  if (!row?.run_id) throw runNotFound(id);
  cerebros.warn(`Temporal keeps the history of ${id} no more; the run is taken up as the ledger has it`);
  return foldRows(row);
}

interface Again {
  readonly start: SagaStart;
  readonly status: RunStatus;
}

async function startAgain(cerebros: Cerebros, folded: FoldedRun, { start, status }: Again): Promise<string> {
  const { id, kind, inputs, plan, dynamic_steps, workflow_type } = folded;
  const description = await describeRun(cerebros, id);
  const options = workflowOptions({
    id,
    queue: description?.taskQueue ?? QUEUES.main,
    input: inputs,
    start,
    // Steps added while running travel in the start.
    memo: { kind, plan: plan.slice(0, plan.length - dynamic_steps.length) },
    status,
    summary: (await description?.staticSummary()) ?? kind,
    web_url: cerebros.connections.web_url,
    again: true,
  });
  try {
    const handle = await callTemporal(cerebros, (client) => client.workflow.start(workflow_type, options));
    return handle.firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw refused(`run ${id}: expected a closed run, but someone has just started it again`, `cerebros show ${id}`, error);
  }
}
