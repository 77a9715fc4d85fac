import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { ERROR_CODES } from '../../contracts/errors.ts';
import { decideUpdate, MESSAGE_DESCRIPTIONS, wakeUpdate, type DecideInput } from '../../contracts/messages.ts';
import { stepIndex } from '../../contracts/plan.ts';
import type { Decision, ExternalApproval } from '../../contracts/step-protocol.ts';
import type { Engine } from './engine.ts';

/** Lets people end a sleep early and decide what steps ask for; validators are synchronous and change nothing. */
export function handleSuspensions(engine: Engine): void {
  setHandler(
    wakeUpdate,
    ({ step }) => {
      engine.suspensions.of(indexOf(engine, step))?.end({ by: 'wake' });
      return { status: engine.journal.run.status };
    },
    { description: MESSAGE_DESCRIPTIONS.wake, validator: (input) => refuseWake(engine, input?.step) },
  );
  setHandler(decideUpdate, (input) => engine.suspensions.decide(indexOf(engine, input.step), input), {
    description: MESSAGE_DESCRIPTIONS.decide,
    validator: (input) => refuseDecision(engine, input ?? {}),
  });
}

function refuseWake(engine: Engine, step: unknown): void {
  const idx = indexOf(engine, step);
  const { status, step_name } = engine.journal.step(idx);
  if (status !== 'sleeping') refuse(`step ${step_name} is ${status}; only a sleeping step can be woken`);
}

function refuseDecision(engine: Engine, input: Partial<DecideInput>): void {
  const { decision, by, comment, decision_id } = input;
  if (decision !== 'approved' && decision !== 'rejected')
    refuse(`decision: expected approved or rejected, got ${JSON.stringify(decision)}`);
  for (const [name, value] of Object.entries({ by, decision_id }))
    if (typeof value !== 'string' || value.length === 0 || value.length > 200)
      refuse(`${name}: expected a text of 1 to 200 characters, got ${JSON.stringify(value)}`);
  if (comment !== null && (typeof comment !== 'string' || comment.length > 2000))
    refuse('comment: expected a text of at most 2,000 characters, or null');
  const idx = indexOf(engine, input.step);
  if (engine.suspensions.decided(idx, decision_id)) return;
  const asked = engine.suspensions.of(idx)?.request;
  if (asked?.status === 'APPROVAL') return refusePerson(engine, asked, String(by));
  const { status, step_name } = engine.journal.step(idx);
  const made = engine.suspensions.decided(idx);
  if (made) refuse(`step ${step_name} is decided already: ${told(made)}`);
  refuse(`step ${step_name} is ${status}; it does not wait for a decision`);
}

function refusePerson(engine: Engine, { approvers }: ExternalApproval, by: string): void {
  if (engine.journal.run.metadata['requested_by'] === by) refuse(`${by} started the run and may not decide on it`);
  if (approvers && !approvers.includes(by)) refuse(`${by} may not decide; these may: ${approvers.join(', ')}`);
}

function told({ decision, by, decided_at, timed_out }: Decision): string {
  return timed_out ? `${decision} at ${decided_at}, because nobody decided in time` : `${decision} by ${by} at ${decided_at}`;
}

function indexOf(engine: Engine, step: unknown): number {
  const plan = { kind: '', steps: engine.journal.run.plan };
  const idx = typeof step === 'string' ? stepIndex(plan, step) : undefined;
  if (idx === undefined)
    return refuse(`expected a step of this run (${plan.steps.map((each) => each.name).join(', ')}), got ${JSON.stringify(step)}`);
  return idx;
}

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, ERROR_CODES.REFUSED);
}
