/**
 * What can go wrong in training, as a stable code. Only `TRAINING_THREAD_LOST` and `OUT_OF_MEMORY` are worth a retry; the
 * others fail again with the same input.
 */
export type TrainingErrorCode =
  | 'SPEC_INVALID'
  | 'MODEL_UNKNOWN'
  | 'MODEL_TOO_LARGE'
  | 'MODEL_CORRUPT'
  | 'DATASET_UNKNOWN'
  | 'DATASET_UNUSABLE'
  | 'DATASET_MISSING'
  | 'DATASET_MISMATCH'
  | 'CHECKPOINT_CORRUPT'
  | 'CHECKPOINT_MISMATCH'
  | 'TRAINING_DIVERGED'
  | 'ENGINE_UNAVAILABLE'
  | 'IMAGE_UNREADABLE'
  | 'OUT_OF_MEMORY'
  | 'TRAINING_THREAD_LOST';

/** Thrown by everything in `src/training` when a run cannot start or go on; `code` says which case it is. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  readonly code: TrainingErrorCode;

  constructor(code: TrainingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same call may succeed when it is made again. */
  get retryable(): boolean {
    return this.code === 'TRAINING_THREAD_LOST' || this.code === 'OUT_OF_MEMORY';
  }
}
