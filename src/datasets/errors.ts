/** Why a whole source, or a whole build, cannot go on; what is wrong with one item is a `Drop` and no error. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  /** Stable, in capitals. */
  readonly code: string;
  /** Whether trying again later may help: the network, a disk that is full. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
