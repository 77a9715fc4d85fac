import { isLedgerUnreachable, isUnreachable } from '../client/errors.ts';
import { UserError } from '../contracts/user-error.ts';
import type { OutputMode } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { toJson } from './output.ts';
import { plain } from './text/plain.ts';

/** How faults are said. */
export interface ErrorStyle {
  readonly mode: OutputMode;
  /** With stack traces. */
  readonly debug: boolean;
}

/** A fault as it goes to stderr, without the final newline. */
export function formatError(error: unknown, { mode, debug }: ErrorStyle): string {
  const { code, message, hint } = explain(error);
  const stack = debug && error instanceof Error ? (error.stack ?? '') : '';
  if (mode !== 'text') return toJson({ error: { code, message, hint, ...(stack === '' ? {} : { stack }) } });
  return [`error: ${plain(message)}`, `  next: ${plain(hint)}`, ...(stack === '' ? [] : [plain(stack)])].join('\n');
}

/** The exit code of a fault; see `EXIT`. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof UserError) return error.exitCode;
  return isUnreachable(error) || isLedgerUnreachable(error) ? EXIT.unreachable : EXIT.bad;
}

interface Explained {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

function explain(error: unknown): Explained {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isUnreachable(error)) return { code: 'TEMPORAL_UNREACHABLE', message: `Temporal does not answer: ${message}`, hint: 'cerebros dev' };
  if (isLedgerUnreachable(error))
    return { code: 'LEDGER_UNREACHABLE', message: `the ledger does not answer: ${message}`, hint: 'cerebros dev' };
  return {
    code: 'INTERNAL',
    message: message === '' ? 'something went wrong without a message' : message,
    hint: 'run it again with --debug for the stack trace',
  };
}

/** A fault of the command line itself. */
export function usageError(message: string, hint: string): UserError {
  return new UserError('USAGE', message, { hint, exitCode: EXIT.usage });
}
