import { WorkflowFailedError, type WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CHECK_CLOUD, type CloudChecked, type CloudCheckInput } from '../contracts/cloud-check.ts';
import type { DriftCounts, DriftReport } from '../contracts/drift.ts';
import { QUEUES } from '../contracts/queues.ts';
import { UserError } from '../contracts/user-error.ts';
import { countCloudDrift } from '../ledger/queries/count-cloud-drift.ts';
import { listCloudDrift } from '../ledger/queries/list-cloud-drift.ts';
import { addressOf, callLedger, callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { isUnreachable, temporalUnreachable } from './errors.ts';

export interface DriftOptions {
  /** Only what is of this stack; without it also what is of none. */
  readonly stack?: string | undefined;
  /** For the check itself, in ms. Default 60,000. */
  readonly timeout_ms?: number | undefined;
}

/** What a check has found: of a stack, or of all and what is unmanaged. */
export interface Drift {
  /** When the check began, ISO 8601: later than the call. */
  readonly checked_at: string;
  readonly counts: DriftCounts;
  /** What is not as it is meant first; at most 1,000. */
  readonly resources: readonly DriftReport[];
}

const { workflow_id: ID, workflow_type: TYPE } = CHECK_CLOUD;
/** Whoever asks how things are changes nothing. */
const INPUT: CloudCheckInput = { resolve: false };

/**
 * Compares the cloud with the ledger now, changes nothing there, and answers with a verdict on each resource. Throws DRIFT_CHECK_FAILED
 * (exit 1), TEMPORAL_UNREACHABLE, LEDGER_UNREACHABLE (3), CLOUD_NOT_CONFIGURED and TIMEOUT (5); after the last, the check goes on.
 */
export async function checkDrift(cerebros: Cerebros, { stack, timeout_ms = 60_000 }: DriftOptions = {}): Promise<Drift> {
  const until = Date.now() + timeout_ms;
  // One that is under way may have looked before what the caller wants to see; one that others start after it has not.
  if (!(await started(cerebros, 'FAIL'))) {
    await outcome(cerebros, until).catch(onlyEnded);
    await started(cerebros, 'USE_EXISTING');
  }
  const { checked_at } = await outcome(cerebros, until);
  const [counts, resources] = await callLedger(cerebros, (sql) =>
    Promise.all([countCloudDrift(sql, { stack }), listCloudDrift(sql, { stack })]),
  );
  return { checked_at, counts, resources };
}

/** False when one was under way, and that is not what is wanted. */
async function started(cerebros: Cerebros, policy: 'FAIL' | 'USE_EXISTING'): Promise<boolean> {
  try {
    await callTemporal(cerebros, (client) =>
      client.workflow.start(TYPE, {
        workflowId: ID,
        args: [INPUT],
        taskQueue: QUEUES.main,
        workflowIdConflictPolicy: policy,
        workflowExecutionTimeout: '20 minutes',
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

async function outcome(cerebros: Cerebros, until: number): Promise<CloudChecked> {
  const client = await cerebros.temporal();
  try {
    return await client.withDeadline(until, () => client.workflow.getHandle(ID).result() as Promise<CloudChecked>);
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw failed(error);
    if (!isUnreachable(error)) throw error;
    if (Date.now() < until) throw temporalUnreachable(addressOf(cerebros), error);
    throw late(await describeRun(cerebros, ID));
  }
}

/** How another's check ended does not matter; that it does not end does. */
function onlyEnded(error: unknown): void {
  if (!(error instanceof UserError) || !ENDED.includes(error.code)) throw error;
}

const ENDED: readonly string[] = ['CLOUD_NOT_CONFIGURED', 'DRIFT_CHECK_FAILED'];

function failed({ cause, message }: WorkflowFailedError): UserError {
  const root = cause?.cause ?? cause;
  if (root instanceof ApplicationFailure && root.type === 'CLOUD_NOT_CONFIGURED') {
    return new UserError(root.type, root.message, { hint: 'CEREBROS_CLOUD_TOKEN=... cerebros worker', exitCode: 5, cause });
  }
  const text = root instanceof Error ? root.message : message;
  const what = `expected the cloud to be compared with the ledger, the check failed: ${text}`;
  return new UserError('DRIFT_CHECK_FAILED', what, { hint: `temporal workflow show -w ${ID}`, exitCode: 1, cause });
}

function late(description: WorkflowExecutionDescription | undefined): UserError {
  const pending = description?.raw.pendingActivities?.[0];
  const lost = !pending?.lastStartedTime;
  const message = lost
    ? `the check did not begin in time: no worker with a token serves the queue ${QUEUES.cloud}`
    : 'the check has begun, and did not end in time; it goes on by itself';
  const hint = lost ? 'CEREBROS_CLOUD_TOKEN=... cerebros worker' : 'cerebros drift   (again)';
  return new UserError('TIMEOUT', message, { hint, exitCode: 5 });
}
