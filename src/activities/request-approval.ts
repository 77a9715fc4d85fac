import { ApplicationFailure, Context } from '@temporalio/activity';
import type { ApprovalParams } from '../contracts/provision.ts';
import type { ExternalOutput, ExternalStepInput } from '../contracts/step-protocol.ts';
import { workerIdentity } from './serve-steps.ts';

/**
 * A step that waits for people, by the protocol of external steps: its inputs say what is to be decided, its result is the decision, as
 * `approval`. Throws `REJECTED` when it is a no, also by timeout.
 */
export function createRequestApproval(): { requestApproval(input: ExternalStepInput): Promise<ExternalOutput> } {
  return {
    requestApproval: async ({ inputs, resume }) => {
      const report = { worker_id: workerIdentity(), attempt: Context.current().info.attempt, started_at: new Date().toISOString() };
      const decided = resume?.at(-1);
      if (decided?.kind !== 'approval') return { status: 'APPROVAL', ...(inputs as unknown as ApprovalParams), ...report };
      const { decision, by, comment, timed_out } = decided.decision;
      if (decision === 'approved') return { status: 'SUCCESS', result: { approval: { decision, by, comment } }, ...report };
      const who = timed_out ? 'nobody decided in time' : `${by ?? 'somebody'} said no${comment === null ? '' : `: ${comment}`}`;
      throw ApplicationFailure.nonRetryable(`not approved: ${who}`, 'REJECTED');
    },
  };
}
