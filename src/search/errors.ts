/** What a {@link SearchError} says: options or a study that cannot be; a trial that was never asked for, or was told before; a value that is no finite number. */
export type SearchErrorCode = 'OPTIONS_INVALID' | 'TRIAL_UNKNOWN' | 'TRIAL_TOLD' | 'VALUE_INVALID';

/** Thrown by the search library when it is used in a way that cannot work; the message says what was expected and what came. */
export class SearchError extends Error {
  override readonly name = 'SearchError';
  readonly code: SearchErrorCode;

  constructor(code: SearchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
