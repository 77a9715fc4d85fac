import { randomBytes } from 'node:crypto';
import { JOB, type GivenJobDefinition } from '../contracts/job.ts';
import { isId } from '../contracts/ids.ts';
import type { Json, SagaRun, SagaRunRow } from '../contracts/ledger.ts';
import type { ProgressObject } from '../contracts/progress.ts';
import { UserError } from '../contracts/user-error.ts';
import { claimPendingRun } from '../ledger/queries/claim-pending-run.ts';
import { insertPendingRun } from '../ledger/queries/insert-pending-run.ts';
import type { RunFilter } from '../ledger/queries/list-runs.ts';
import { canonicalJson } from './canonical-json.ts';
import { callLedger, type Cerebros } from './connect.ts';
import { cancelSaga, pauseRun, resumeRun, type ControlResult } from './control.ts';
import { invalidInput } from './errors.ts';
import { controlRefused, takesControl, type JobControl } from './job-controls.ts';
import { listSagas } from './list.ts';
import { prepareInput } from './prepare-input.ts';
import { progressOfRun, viewRun } from './progress.ts';
import { checkRecoveryAttempts } from './recovery-attempts.ts';
import { recoverRun } from './recover.ts';
import type { ReentryResult } from './reenter.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow } from './show.ts';
import { startSaga, type StartedRun } from './start.ts';
import { waitClosed } from './wait.ts';

export interface CreateWorkflowOptions {
  /** Default: `job-` and eight random digits. The same id, job and definition again answer the same workflow. */
  readonly id?: string | undefined;
  /** What every step is given that has no inputs of its own. Default `{}`. */
  readonly inputs?: Json | undefined;
  /** 0 to 100, default 3. */
  readonly max_recovery_attempts?: number | undefined;
}

/** Which workflows a list holds; default: the newest 100 of all kinds. */
export type WorkflowFilter = Pick<RunFilter, 'kind' | 'limit'>;

/**
 * Jobs as a service handles them: noted first, started when it likes, followed and controlled by the id of their workflow. The controls
 * take the states of the progress object and refuse all else. Methods that take a workflow's id work for any kind, and throw UserErrors:
 * INVALID_INPUT (exit 2), TEMPORAL_UNREACHABLE and LEDGER_UNREACHABLE (3), RUN_NOT_FOUND (4), REFUSED and CONFLICT (5).
 */
export class JobOrchestrator {
  readonly #cerebros: Cerebros;

  constructor(cerebros: Cerebros) {
    this.#cerebros = cerebros;
  }

  /** Notes a job as pending, and answers the id of its workflow; nothing is started. Throws INVALID_INPUT, and ID_TAKEN (5) for an `id` of another one. */
  async createWorkflow(
    jobId: string,
    definition: GivenJobDefinition,
    metadata: { readonly [key: string]: Json } = {},
    options: CreateWorkflowOptions = {},
  ): Promise<string> {
    const { id = `${JOB}-${randomBytes(4).toString('hex')}`, inputs = {}, max_recovery_attempts = 3 } = options;
    checkRunId(id);
    checkJobId(jobId);
    checkRecoveryAttempts(max_recovery_attempts);
    const { input, plan } = await prepareInput(JOB, { definition, inputs });
    const run = { id, kind: JOB, job_id: jobId, plan: plan.steps, inputs: input, metadata, max_recovery_attempts };
    if (!(await callLedger(this.#cerebros, (sql) => insertPendingRun(sql, run)))) await this.#refuseOther(run);
    return id;
  }

  /** The workflow with its steps, as fresh as it can be had. */
  async getWorkflow(id: string): Promise<SagaRun> {
    return (await viewRun(this.#cerebros, id)).run;
  }

  /** The newest workflow of a job. Throws RUN_NOT_FOUND (exit 4) when the job has none. */
  async getWorkflowByJob(jobId: string): Promise<SagaRun> {
    checkJobId(jobId);
    const [newest] = await listSagas(this.#cerebros, { job_id: jobId, limit: 1 });
    if (newest) return this.getWorkflow(newest.id);
    throw new UserError('RUN_NOT_FOUND', `job ${jobId}: expected one that has a workflow, found none`, {
      hint: 'cerebros list',
      exitCode: 4,
    });
  }

  /** Starts a workflow that was created; it goes on by itself. */
  async startWorkflow(id: string): Promise<StartedRun> {
    const { kind, inputs: input, job_id, metadata, max_recovery_attempts } = await this.#checked('start', id);
    const claimed = await callLedger(this.#cerebros, (sql) => claimPendingRun(sql, id));
    if (!claimed) throw controlRefused('start', await this.getWorkflow(id));
    return startSaga(this.#cerebros, { kind, id, input, job_id: job_id ?? undefined, metadata, max_recovery_attempts });
  }

  /** Starts a workflow and waits until it has closed, however it did. */
  async executeWorkflow(id: string): Promise<SagaRun> {
    await this.startWorkflow(id);
    return waitClosed(this.#cerebros, id);
  }

  /** Starts no new step; running ones finish. */
  async pauseWorkflow(id: string): Promise<ControlResult> {
    await this.#checked('pause', id);
    return pauseRun(this.#cerebros, id);
  }

  /** Goes on after a pause. */
  async resumeWorkflow(id: string): Promise<ControlResult> {
    await this.#checked('resume', id);
    return resumeRun(this.#cerebros, id);
  }

  /** Stops the running steps and undoes everything; one that was never started is cancelled at once. */
  async cancelWorkflow(id: string): Promise<ControlResult> {
    await this.#checked('cancel', id);
    return cancelSaga(this.#cerebros, id);
  }

  /** Undoes the completed steps from `fromStep` (name or index) on, and goes on from there; a dry run only says so. */
  async recoverWorkflow(id: string, fromStep: string | number, options: { readonly dryRun?: boolean } = {}): Promise<ReentryResult> {
    await this.#checked('recover', id);
    return recoverRun(this.#cerebros, id, { from_step: fromStep, dry_run: options.dryRun });
  }

  getWorkflowProgress(id: string): Promise<ProgressObject> {
    return progressOfRun(this.#cerebros, id);
  }

  /** Those in which something may still move, pending ones included. */
  getActiveWorkflows(filter: WorkflowFilter = {}): Promise<SagaRunRow[]> {
    return listSagas(this.#cerebros, { ...filter, active: true });
  }

  /** Those that a failure has ended, or halted. */
  getFailedWorkflows(filter: WorkflowFilter = {}): Promise<SagaRunRow[]> {
    return listSagas(this.#cerebros, { ...filter, failed: true });
  }

  /** Those that have halted, with recovery attempts left. */
  getRecoverableWorkflows(filter: WorkflowFilter = {}): Promise<SagaRunRow[]> {
    return listSagas(this.#cerebros, { ...filter, recoverable: true });
  }

  async #checked(control: JobControl, id: string): Promise<SagaRun> {
    const run = await this.getWorkflow(id);
    if (!takesControl(control, run)) throw controlRefused(control, run);
    return run;
  }

  async #refuseOther({ id, job_id, inputs }: Pick<SagaRunRow, 'id' | 'job_id' | 'inputs'>): Promise<void> {
    const row = await ledgerRow(this.#cerebros, id);
    if (row?.kind === JOB && row.job_id === job_id && canonicalJson(row.inputs) === canonicalJson(inputs)) return;
    throw new UserError('ID_TAKEN', `id ${id}: expected an id that is free, or this very job's, got one that belongs to another`, {
      hint: `cerebros show ${id}   (or give another id)`,
      exitCode: 5,
    });
  }
}

function checkJobId(jobId: string): void {
  if (isId(jobId)) return;
  throw invalidInput(
    `expected a job's id of letters, digits, ".", "_", ":" or "-", 1 to 200 characters, got ${JSON.stringify(jobId.slice(0, 60))}`,
    'give another job id',
  );
}
