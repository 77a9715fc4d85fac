import type { SagaRun, SagaStepRow } from '../contracts/ledger.ts';
import { showQuery } from '../contracts/messages.ts';
import { QUEUES } from '../contracts/queues.ts';
import { getRun } from '../ledger/queries/get-run.ts';
import { callLedger, callTemporal, type Cerebros } from './connect.ts';
import { isNotFound, noWorker, runNotFound } from './errors.ts';
import { UserError } from '../contracts/user-error.ts';
import { plannedSteps } from './planned-steps.ts';
import { checkRunId } from './run-id.ts';

/** Longest wait for a worker's answer, in ms, when the ledger cannot say. */
const QUERY_MS = 5000;

/**
 * The run with its steps: from the ledger, else from the run itself. Throws RUN_NOT_FOUND (exit 4), NO_WORKER (5) when only a
 * worker could tell, and what makes ledger and Temporal unreachable (3).
 */
export async function showRun(cerebros: Cerebros, id: string): Promise<SagaRun> {
  checkRunId(id);
  const row = await ledgerRow(cerebros, id).catch((error: unknown) => {
    if (error instanceof UserError && error.exitCode === 3) return error;
    throw error;
  });
  if (row && !(row instanceof UserError)) return row;
  if (row) cerebros.warn(`${row.message}; asking the run itself`);
  return queryRun(cerebros, id, QUERY_MS).catch((error: unknown) => {
    throw row && error instanceof UserError && error.exitCode === 3 ? row : error;
  });
}

/** The steps of a run and what came of each, in the order of its plan. Throws as `showRun` does. */
export async function listStepResults(cerebros: Cerebros, id: string): Promise<readonly SagaStepRow[]> {
  return (await showRun(cerebros, id)).steps;
}

/** The run's row and steps in the ledger; undefined when it has none. */
export async function ledgerRow(cerebros: Cerebros, id: string): Promise<SagaRun | undefined> {
  const run = await callLedger(cerebros, (sql) => getRun(sql, id));
  return run && run.steps.length === 0 ? { ...run, steps: plannedSteps(run) } : run;
}

/** The run and its steps as the workflow itself tells them; needs a worker. */
export async function queryRun(cerebros: Cerebros, id: string, ms: number): Promise<SagaRun> {
  await cerebros.temporal();
  try {
    return await callTemporal(cerebros, (client) => client.workflow.getHandle(id).query(showQuery), ms);
  } catch (error) {
    if (isNotFound(error)) throw runNotFound(id);
    if (error instanceof UserError && error.code === 'TEMPORAL_UNREACHABLE' && (await answers(cerebros)))
      throw noWorker(`run ${id} is not in the ledger`, QUEUES.main);
    throw error;
  }
}

/** A query that comes late says that Temporal is gone, or only the worker. */
async function answers(cerebros: Cerebros): Promise<boolean> {
  const asked = callTemporal(cerebros, (client) => client.workflowService.getSystemInfo({}), 1000);
  return asked.then(
    () => true,
    () => false,
  );
}
