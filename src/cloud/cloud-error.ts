/**
 * What a failed call may have done. `refused`: nothing. `unknown`: perhaps what it was to do, as after a timeout; what a POST was to
 * make must then be looked for, never asked for again.
 */
export type CallOutcome = 'refused' | 'unknown';

/** What a {@link CloudError} tells beside its code and message; no secret, and nothing of the request's body. */
export interface CloudErrorDetails {
  readonly outcome: CallOutcome;
  /** Whether the same call may be made again later, as it is. */
  readonly retryable: boolean;
  /** Of the answer, when one came. */
  readonly status?: number | undefined;
  /** The provider's name of the call, for its support. */
  readonly request_id?: string | undefined;
  /** How long to wait before calling again. */
  readonly retry_after_ms?: number | undefined;
  readonly cause?: unknown;
}

/** Thrown when the cloud refuses, does not answer, or answers what cannot be understood; and by what is built on its answers. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  /** Stable, in capitals. */
  readonly code: string;
  readonly outcome: CallOutcome;
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly request_id: string | undefined;
  readonly retry_after_ms: number | undefined;

  constructor(code: string, message: string, details: CloudErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.outcome = details.outcome;
    this.retryable = details.retryable;
    this.status = details.status;
    this.request_id = details.request_id;
    this.retry_after_ms = details.retry_after_ms;
  }
}
