import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { CLOSED_STATUSES } from '../contracts/ledger.ts';
import { QUEUES } from '../contracts/queues.ts';
import { UserError } from '../contracts/user-error.ts';
import { callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { isNotFound, noWorker, refused, runNotFound } from './errors.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow } from './show.ts';

/** An update waits this long for a worker, in ms. */
const UPDATE_MS = 10_000;

/**
 * Sends an open run an update and returns its answer. Throws UserErrors: INVALID_INPUT (exit 2) for an id that is none, RUN_NOT_FOUND
 * (4), REFUSED (5) with the run's reason or because it has closed, NO_WORKER (5) after about 10 s.
 */
export async function updateRun<A, I extends [] | [object]>(
  cerebros: Cerebros,
  id: string,
  { name }: UpdateDefinition<A, I>,
  ...args: I
): Promise<A> {
  checkRunId(id);
  const began = Date.now();
  try {
    return await callTemporal(
      cerebros,
      (client) => client.workflow.getHandle(id).executeUpdate<A, [object]>(name, { args: args as [object] }),
      UPDATE_MS,
    );
  } catch (error) {
    throw await explain(cerebros, { id, name, error, took: Date.now() - began });
  }
}

interface Failed {
  readonly id: string;
  readonly name: string;
  readonly error: unknown;
  /** In ms. */
  readonly took: number;
}

async function explain(cerebros: Cerebros, { id, name, error, took }: Failed): Promise<unknown> {
  if (error instanceof WorkflowUpdateFailedError)
    return refused(`${name} of ${id}: ${error.cause?.message ?? error.message}`, `cerebros show ${id}`, error);
  if (isNotFound(error)) return noOpenRun(cerebros, id);
  const late =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || (error instanceof UserError && error.exitCode === 3 && took >= UPDATE_MS);
  // Temporal answers, so that it is the worker who does not.
  if (late && (await describeRun(cerebros, id).catch(() => undefined))) return noWorker(`${name} of ${id}`, QUEUES.main);
  return error;
}

async function noOpenRun(cerebros: Cerebros, id: string): Promise<UserError> {
  const description = await describeRun(cerebros, id);
  if (!description) return runNotFound(id);
  const row = await ledgerRow(cerebros, id).catch(() => undefined);
  // Of a run that Temporal has just ended, the row may not know yet.
  const status = row && CLOSED_STATUSES.includes(row.status) ? row.status : description.status.name.toLowerCase();
  return refused(`run ${id}: expected an open run, got one that is ${status}`, `cerebros show ${id}`);
}
