import { randomBytes } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Blueprint } from '../contracts/blueprint.ts';
import type { Json, RunStatus } from '../contracts/ledger.ts';
import { isId } from '../contracts/ids.ts';
import { QUEUES } from '../contracts/queues.ts';
import type { OnFailure, SagaStart } from '../contracts/saga-start.ts';
import type { PendingRun } from '../ledger/queries/insert-pending-run.ts';
import { checkPerson } from './approvals/person.ts';
import { namedBlueprint } from './blueprints/named-blueprint.ts';
import { callTemporal, type Cerebros } from './connect.ts';
import { invalidInput } from './errors.ts';
import { existingInLedger, existingInTemporal } from './existing-run.ts';
import { forgetPendingRun, notePendingRun } from './note-pending-run.ts';
import { prepareInput, type PreparedInput } from './prepare-input.ts';
import type { StackLookup } from './provision/complete-input.ts';
import { holdStack } from './provision/stack-hold.ts';
import { stackSteps } from './provision/stack-steps.ts';
import { checkRecoveryAttempts } from './recovery-attempts.ts';
import { workflowOptions } from './start-options.ts';

/** What to start, and how. */
export interface StartRequest {
  /** A kind's name, as in `cerebros start KIND`. */
  readonly kind: string;
  readonly input: unknown;
  /** Default: the kind and eight random digits. The same id and input again returns the same run. */
  readonly id?: string | undefined;
  /** Start of the first step, ISO 8601. Default: now. */
  readonly at?: string | undefined;
  /** Default: the kind's, which is `undo` unless it says otherwise. */
  readonly on_failure?: OnFailure | undefined;
  /** 0 to 100, default 3. */
  readonly max_recovery_attempts?: number | undefined;
  readonly job_id?: string | undefined;
  readonly metadata?: { readonly [key: string]: Json } | undefined;
  /** Who starts it, as asserted: noted as `requested_by` in the metadata, and may not decide what the run asks people for. Default: nobody. */
  readonly as?: string | undefined;
  /** Where relative paths in the input start. Without it an input that names files is refused. */
  readonly base_dir?: string | undefined;
}

/** The run that was started, or that had been. */
export interface StartedRun {
  readonly execution_id: string;
  readonly run_id: string;
  readonly status: RunStatus;
  /** ISO 8601; null while it waits for its `at`. */
  readonly started_at: string | null;
}

/**
 * Starts a saga, or returns the run that the same id and input started before. Throws UserErrors: INVALID_INPUT (exit 2),
 * TEMPORAL_UNREACHABLE (3), LEDGER_UNREACHABLE (3) and BLUEPRINT_NOT_FOUND or STACK_NOT_FOUND (4) when the input names one, ID_TAKEN (5) when the
 * id belongs to another input, STACK_HELD (5) when another run for the stack of a provision is not over.
 */
export async function startSaga(cerebros: Cerebros, request: StartRequest): Promise<StartedRun> {
  const id = checkedId(request.id ?? `${request.kind}-${randomBytes(4).toString('hex')}`);
  const given = sagaStart(request);
  const blueprints = (reference: string): Promise<Blueprint> => namedBlueprint(cerebros, reference, request.id);
  const stacks: StackLookup = (stack) => stackSteps(cerebros, stack, request.id);
  const prepared = await prepareInput(request.kind, request.input, { base_dir: request.base_dir, blueprints, stacks });
  const { on_failure } = prepared.kind;
  const start: SagaStart = { ...(on_failure === undefined ? {} : { on_failure }), ...given };
  const wanted = { id, kind: prepared.kind.kind, input: prepared.input };
  const noted = await notePendingRun(cerebros, {
    id,
    kind: wanted.kind,
    plan: prepared.plan.steps,
    inputs: prepared.input,
    ...rowFields(start),
  });
  const existing = noted === 'exists' ? await existingInLedger(cerebros, wanted) : undefined;
  if (existing) return existing;
  if (noted !== 'unknown') await holdStack(cerebros, { ...wanted, noted });
  try {
    return await startWorkflow(cerebros, { prepared, id, start });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return existingInTemporal(cerebros, wanted);
    if (noted === 'noted') await forgetPendingRun(cerebros, id);
    throw error;
  }
}

interface ToStart {
  readonly prepared: PreparedInput;
  readonly id: string;
  readonly start: SagaStart;
}

async function startWorkflow(cerebros: Cerebros, { prepared, id, start }: ToStart): Promise<StartedRun> {
  const { kind, input, plan } = prepared;
  const status: RunStatus = start.at === undefined ? 'running' : 'pending';
  const options = workflowOptions({
    id,
    queue: QUEUES.main,
    input,
    start,
    memo: { kind: kind.kind, plan: plan.steps },
    status,
    summary: kind.summary(input),
    web_url: cerebros.connections.web_url,
    again: false,
  });
  const handle = await callTemporal(cerebros, (client) => client.workflow.start(kind.workflow_type, options));
  return {
    execution_id: id,
    run_id: handle.firstExecutionRunId,
    status,
    started_at: status === 'pending' ? null : new Date().toISOString(),
  };
}

function checkedId(id: string): string {
  if (isId(id)) return id;
  throw invalidInput(
    `expected an id of letters, digits, ".", "_", ":" or "-", 1 to 200 characters, got ${JSON.stringify(id.slice(0, 60))}`,
    'give another --id',
  );
}

function sagaStart(request: StartRequest): SagaStart {
  const attempts = request.max_recovery_attempts;
  if (attempts !== undefined) checkRecoveryAttempts(attempts);
  return {
    ...(request.at === undefined ? {} : { at: checkedTime(request.at) }),
    ...(request.on_failure === undefined ? {} : { on_failure: request.on_failure }),
    ...(attempts === undefined ? {} : { max_recovery_attempts: attempts }),
    ...(request.job_id === undefined ? {} : { job_id: request.job_id }),
    ...metadataOf(request),
  };
}

function metadataOf({ metadata, as }: StartRequest): Pick<SagaStart, 'metadata'> {
  if (as !== undefined) return { metadata: { ...metadata, requested_by: checkPerson('as', as) } };
  return metadata === undefined ? {} : { metadata };
}

/** A time without a zone would mean another moment on every machine. */
function checkedTime(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(time)) return new Date(time).toISOString();
  throw invalidInput(
    `at: expected a time as 2027-01-31T08:00:00Z, got ${JSON.stringify(text.slice(0, 60))}`,
    'give the time with its zone, as Z or +01:00',
  );
}

/** What the ledger shows of a run before its first flush. */
function rowFields({
  job_id,
  max_recovery_attempts,
  metadata,
}: SagaStart): Pick<PendingRun, 'job_id' | 'max_recovery_attempts' | 'metadata'> {
  return {
    ...(job_id === undefined ? {} : { job_id }),
    ...(max_recovery_attempts === undefined ? {} : { max_recovery_attempts }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
