import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import { studyEnqueueUpdate, studyExtendUpdate, studyParallelUpdate, studyQuery, studyStopUpdate } from '../contracts/messages.ts';
import { NAS_SEARCH, studyId, type StudyView } from '../contracts/nas-search.ts';
import { maxTrialsSchema, parallelSchema, paramsSchema } from '../contracts/nas-search-schema.ts';
import { QUEUES } from '../contracts/queues.ts';
import { SAGA_MEMO, type SagaMemo } from '../contracts/saga-start.ts';
import type { Params } from '../contracts/search-space.ts';
import { UserError } from '../contracts/user-error.ts';
import { callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { invalidInput, isNotFound, noWorker, refused, runNotFound } from './errors.ts';
import { explainIssues } from './explain-issues.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow } from './show.ts';
import { notASearch } from './trials/require-search.ts';

/** An edit or a question waits this long for a worker, in ms. */
const ANSWER_MS = 10_000;

// All of them take the id of the search, and throw UserErrors: INVALID_INPUT (exit 2), RUN_NOT_FOUND (4), REFUSED (5) for a run that is
// no search, or whose study is not open, and with the study's own reason, NO_WORKER (5) after about 10 s.

/** Lets a search start `max_trials` trials in all, 1 to 10,000; not fewer than it has started. */
export async function extendStudy(cerebros: Cerebros, id: string, max_trials: number): Promise<StudyView> {
  return edit(cerebros, id, studyExtendUpdate, { max_trials: checked('max_trials', maxTrialsSchema, max_trials) });
}

/** Keeps so many trials in flight from now on, 1 to 64; those over it finish. */
export async function setParallel(cerebros: Cerebros, id: string, parallel: number): Promise<StudyView> {
  return edit(cerebros, id, studyParallelUpdate, { parallel: checked('parallel', parallelSchema, parallel) });
}

/** Has a configuration tried before the sampler is asked again. */
export async function enqueueTrial(cerebros: Cerebros, id: string, params: Params): Promise<StudyView> {
  return edit(cerebros, id, studyEnqueueUpdate, { params: checked('params', paramsSchema, params) });
}

/** Ends a search early: no new trial starts, and the best so far is kept and trained on. */
export async function stopStudy(cerebros: Cerebros, id: string): Promise<StudyView> {
  return edit(cerebros, id, studyStopUpdate);
}

/** Where the study of a search stands, open or closed, as it tells itself; needs a worker. */
export async function studyView(cerebros: Cerebros, id: string): Promise<StudyView> {
  checkRunId(id);
  try {
    return await callTemporal(cerebros, (client) => client.workflow.getHandle(studyId(id)).query(studyQuery), ANSWER_MS);
  } catch (error) {
    throw await explain(cerebros, { id, what: studyQuery.name, error });
  }
}

async function edit<A extends [] | [object]>(
  cerebros: Cerebros,
  id: string,
  { name }: UpdateDefinition<StudyView, A>,
  ...args: A
): Promise<StudyView> {
  checkRunId(id);
  try {
    return await callTemporal(
      cerebros,
      (client) => client.workflow.getHandle(studyId(id)).executeUpdate<StudyView, [object]>(name, { args: args as [object] }),
      ANSWER_MS,
    );
  } catch (error) {
    throw await explain(cerebros, { id, what: name, error });
  }
}

function checked<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = z.object({ [name]: schema }).safeParse({ [name]: value });
  if (!parsed.success) throw invalidInput(explainIssues(parsed.error, { [name]: value }), 'cerebros study --help');
  return parsed.data[name] as T;
}

interface Failed {
  readonly id: string;
  readonly what: string;
  readonly error: unknown;
}

async function explain(cerebros: Cerebros, { id, what, error }: Failed): Promise<unknown> {
  if (error instanceof WorkflowUpdateFailedError)
    return refused(`${what} of ${id}: ${error.cause?.message ?? error.message}`, `cerebros leaderboard ${id}`, error);
  if (isNotFound(error)) return noStudy(cerebros, id);
  const late = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || (error instanceof UserError && error.exitCode === 3);
  // Temporal answers, so that it is the worker who does not.
  if (late && (await describeRun(cerebros, id).catch(() => undefined))) return noWorker(`${what} of ${id}`, QUEUES.main);
  return error;
}

/** Why a run has no open study: it is not there, of another kind, closed, or not at its trials. */
async function noStudy(cerebros: Cerebros, id: string): Promise<UserError> {
  const description = await describeRun(cerebros, id);
  if (!description) return runNotFound(id);
  const row = await ledgerRow(cerebros, id).catch(() => undefined);
  const kind = row?.kind ?? (description.memo?.[SAGA_MEMO] as SagaMemo | undefined)?.kind;
  if (kind !== undefined && kind !== NAS_SEARCH) return notASearch(id, kind);
  const status = row?.status ?? description.status.name.toLowerCase();
  if (description.status.name !== 'RUNNING')
    return refused(`run ${id}: expected an open search, got one that is ${status}`, `cerebros leaderboard ${id}`);
  return refused(`run ${id}: expected a search that is at its trials, got one that is not, or not any more`, `cerebros progress ${id}`);
}
