import { ApplicationFailure } from '@temporalio/activity';
import type { ProofActivities } from '../contracts/proof.ts';

/** The steps of the kind `proof`. */
export function createProofActivities(): ProofActivities {
  return {
    echo: async ({ message }) => message,
    fail: async ({ message }) => {
      throw ApplicationFailure.nonRetryable(`asked to fail: ${message}`, 'PROOF_FAIL');
    },
  };
}
