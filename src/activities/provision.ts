import { ApplicationFailure, Context } from '@temporalio/activity';
import { CloudError } from '../cloud/cloud-error.ts';
import type { ResourceLedger } from '../contracts/cloud.ts';
import type { Json } from '../contracts/ledger.ts';
import type { ProvisionActivities, ProvisionCall } from '../contracts/provision.ts';
import { UserError } from '../contracts/user-error.ts';
import { cloudNotConfigured } from './cloud-not-configured.ts';
import type { ModuleWorld } from './provision-module.ts';
import { PROVISION_MODULES } from './provision-modules.ts';
import { openState } from './provision-state.ts';
import type { ServedSteps, StepContext } from './serve-steps.ts';

/** What the steps of the kind are made of. */
export interface ProvisionDependencies {
  readonly ledger: ResourceLedger;
  /** Null where no token is set: what calls the provider then fails with `CLOUD_NOT_CONFIGURED`. */
  readonly cloud: Omit<ModuleWorld, 'ledger'> | null;
}

/** The activities of the kind `provision`, for the queue of the cloud. */
export function createProvisionActivities({ ledger, cloud }: ProvisionDependencies): ServedSteps<ProvisionActivities> {
  return {
    executeStep: (call, step) =>
      asStep(async () => {
        if (!cloud) throw cloudNotConfigured();
        const { state, put } = openState(call, step);
        await PROVISION_MODULES[call.module].execute({ ...cloud, ledger }, state);
        return put;
      }),
    compensateStep: ({ outcome, ...call }, step) =>
      asStep(async () => {
        if (!(await mayBeThere(ledger, call, step))) return null;
        if (!cloud) throw cloudNotConfigured();
        const own = outcome.status === 'done' ? (outcome.output as ProvisionCall['context']) : {};
        const { state } = openState({ ...call, context: { ...call.context, ...own } }, step);
        await PROVISION_MODULES[call.module].compensate?.({ ...cloud, ledger }, state);
        return null;
      }),
  };
}

/** Another saga's resource is none of ours to take back, and one that was never noted, or is gone by other steps, needs nothing. */
async function mayBeThere(ledger: ResourceLedger, { module, urn }: ProvisionCall, { saga_id }: StepContext): Promise<boolean> {
  const row = await ledger.find(urn);
  if (!row) return false;
  if (row.state === 'deleted') return /^(delete|detach)_/.test(module);
  const made = /^(create|attach|snapshot)_/.test(module);
  return !made || row.saga_id === saga_id;
}

/** Errors as Temporal takes them: with their code, whether a retry helps, and when. */
async function asStep<T extends Json>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { cancelled, cancellationSignal } = Context.current();
    if (cancellationSignal.aborted) return cancelled;
    if (error instanceof UserError) throw ApplicationFailure.nonRetryable(error.message, error.code);
    if (!(error instanceof CloudError)) throw error;
    const { message, code, retryable, retry_after_ms } = error;
    const after = retry_after_ms === undefined ? {} : { nextRetryDelay: retry_after_ms };
    throw ApplicationFailure.create({ message, type: code, nonRetryable: !retryable, ...after });
  }
}
