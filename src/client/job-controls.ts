import type { RunStatus, SagaRun } from '../contracts/ledger.ts';
import type { UserError } from '../contracts/user-error.ts';
import { refused } from './errors.ts';

export type JobControl = 'start' | 'pause' | 'resume' | 'cancel' | 'recover';

/** From which states a control leads on; what a `failed` run still takes depends on how it ended, which is for the control to say. */
const TAKEN_FROM: { readonly [control in JobControl]: readonly RunStatus[] } = {
  start: ['pending'],
  pause: ['running'],
  resume: ['paused'],
  cancel: ['pending', 'running', 'paused', 'halted', 'failed'],
  recover: ['halted', 'failed'],
};

/** Does a run take a control in the state it is in? */
export function takesControl(control: JobControl, { run_id, status }: SagaRun): boolean {
  return TAKEN_FROM[control].includes(status) && !(control === 'start' && run_id !== null);
}

/** Says why it does not: REFUSED (exit 5). */
export function controlRefused(control: JobControl, { id, run_id, status }: SagaRun): UserError {
  const expected = control === 'start' ? 'pending and not started' : TAKEN_FROM[control].join(' or ');
  const got = status === 'pending' && run_id !== null ? 'pending until its time' : status;
  return refused(`${control} of ${id}: expected a run that is ${expected}, got one that is ${got}`, `cerebros show ${id}`);
}
