import { UserError } from '../contracts/user-error.ts';

/** Throws `INTERRUPTED` when the signal has been given; `doing` completes "Interrupted while …". */
export function throwIfInterrupted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted !== true) return;
  throw new UserError('INTERRUPTED', `Interrupted while ${doing}.`, { hint: 'Nothing is lost; run it again.', exitCode: 5 });
}
