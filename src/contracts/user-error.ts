/**
 * What a command's exit code says: 1 a run or a check came out badly · 2 usage or invalid input · 3 Temporal or Postgres
 * unreachable · 4 not found · 5 refused (validator, conflict, timeout of a wait).
 */
export type ExitCode = 1 | 2 | 3 | 4 | 5;

/** What a {@link UserError} carries beside its code and message. */
export interface UserErrorDetails {
  /** The next thing to do, best as a command. */
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly cause?: unknown;
}

/**
 * An error meant for the person at the terminal: the message says what failed, what was expected and what came, the hint what
 * to do next. Thrown wherever the cause is outside our code; printed without a stack trace.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Stable, in capitals: `PORT_TAKEN`. */
  readonly code: string;
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, details: UserErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.exitCode = details.exitCode;
  }
}
