import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { decideUpdate, wakeUpdate, type DecideInput } from '../../src/contracts/messages.ts';
import type { Decision } from '../../src/contracts/step-protocol.ts';

/** Stands in for a run whose step `load` waits for a decision and whose step `transform` sleeps; ends when it is woken. */
export async function fakeBlueprint(): Promise<void> {
  let awake = false;
  let made: Decision | undefined;
  setHandler(decideUpdate, (input) => (made ??= decisionOf(input)), {
    validator: ({ step, decision_id }) => {
      if (step !== 'load') throw refusal(`step ${step} does not wait for a decision`);
      if (made && made.decision_id !== decision_id) throw refusal(`step load is decided already: ${made.decision} by ${made.by}`);
    },
  });
  setHandler(wakeUpdate, () => ((awake = true), { status: 'running' as const }), {
    validator: ({ step }) => {
      if (step !== 'transform') throw refusal(`step ${step} is waiting; only a sleeping step can be woken`);
    },
  });
  await condition(() => awake);
}

function decisionOf({ decision, by, comment, decision_id }: DecideInput): Decision {
  return { decision, by, comment, decision_id, decided_at: new Date().toISOString(), timed_out: false };
}

function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'REFUSED');
}
