import type { Fit } from '../contracts/train-rung.ts';
import type { DatasetLimit, EpochRecord, TrainingProgress, TrainingSpec } from '../contracts/training-spec.ts';
import type { TrainingErrorCode } from './errors.ts';
import type { Engine } from './kernel/kernel.ts';

/** What the training thread is started with. */
export interface ThreadInput {
  readonly spec: TrainingSpec;
  readonly datasetId: string;
  readonly datasetLimit: DatasetLimit | null;
  readonly datasetsFolder: string | null;
  readonly seed: number;
  readonly fit: Fit;
  readonly checkpoint: Uint8Array | null;
  readonly untilEpoch: number;
  readonly everyMs: number;
  readonly sendCheckpoints: boolean;
  readonly scoreTest: boolean;
  readonly engine: Engine | null;
  readonly crash: boolean;
  /** One 32-bit integer, set to 1 to stop after the current batch. Shared, because a busy thread reads no messages. */
  readonly stop: SharedArrayBuffer;
}

/** What a training came to. */
export interface ThreadResult {
  /** True when it was stopped before `until_epoch`; the checkpoint may then lie inside an epoch. */
  readonly aborted: boolean;
  /** Continues bit for bit; see `createTrainer`. */
  readonly checkpoint: Uint8Array;
  /** The epochs finished by this call. */
  readonly epochs: readonly EpochRecord[];
  /** The model, when all epochs of the spec are done; else null. */
  readonly model: Uint8Array | null;
  /** Share of test images classified right; null unless it was asked for and the training is done. */
  readonly test_accuracy: number | null;
  /** Share of validation images classified right after the last finished epoch; null before there is one. */
  readonly validation_accuracy: number | null;
  /** Of the weights alone, hexadecimal. */
  readonly weights_sha256: string;
  /** Trainable parameters of the model. */
  readonly params: number;
  readonly engine: Engine;
}

/** What the training thread says. */
export type ThreadMessage =
  | { readonly type: 'progress'; readonly progress: TrainingProgress }
  | { readonly type: 'epoch'; readonly record: EpochRecord; readonly checkpoint: Uint8Array }
  | { readonly type: 'done'; readonly result: ThreadResult }
  | {
      readonly type: 'failed';
      readonly code: TrainingErrorCode | null;
      readonly message: string;
      readonly stack: string | undefined;
    };
