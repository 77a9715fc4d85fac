import { invalidInput } from './errors.ts';

/** Refuses (exit 2) what cannot be the number of recoveries that a run allows: 0 to 100. */
export function checkRecoveryAttempts(attempts: number): void {
  if (Number.isInteger(attempts) && attempts >= 0 && attempts <= 100) return;
  throw invalidInput(
    `max_recovery_attempts: expected a whole number from 0 to 100, got ${attempts}`,
    'give another --max-recovery-attempts',
  );
}
