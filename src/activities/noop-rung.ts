import { ApplicationFailure } from '@temporalio/activity';
import { sha256Of } from '../artifacts/store.ts';
import type { Params } from '../contracts/search-space.ts';
import type { TrainRungActivities, TrainRungInput, TrainRungResult } from '../contracts/train-rung.ts';
import type { EpochRecord } from '../contracts/training-spec.ts';

/**
 * The activity `trainRung` of the engine `noop`, to measure the machinery: answers at once and leaves no files, so that there is no
 * model either. The value is in [0, 1), decided by the parameters alone, and grows a little with the epochs.
 */
export function createNoopRung(): TrainRungActivities {
  return {
    trainRung: async (input) => {
      if (input.crash === true)
        throw ApplicationFailure.create({ message: 'this is a drill: the trial crashes, as the input asks', type: 'TRAINING_THREAD_LOST' });
      return answer(input);
    },
  };
}

function answer({ params, seed, checkpoint, to_epoch }: TrainRungInput): TrainRungResult {
  const from = checkpoint?.epoch ?? 0;
  const sha256 = sha256Of(JSON.stringify([hashOf(params), seed, to_epoch]));
  return {
    engine: 'noop',
    params,
    seed,
    checkpoint: { file: `epoch-${to_epoch}.ckpt`, sha256, epoch: to_epoch },
    epochs: Array.from({ length: to_epoch - from }, (_, index) => recordOf(params, from + index + 1)),
    value: valueOf(params, to_epoch),
    param_count: 1,
    weights_sha256: sha256,
    model: null,
  };
}

function recordOf(params: Params, epoch: number): EpochRecord {
  const validation_accuracy = valueOf(params, epoch);
  return { epoch, train_loss: 1 - validation_accuracy, validation_accuracy, ms: 0 };
}

function valueOf(params: Params, epochs: number): number {
  const share = Number.parseInt(hashOf(params).slice(0, 8), 16) / 2 ** 32;
  return 0.9 * share + (0.1 * epochs) / (epochs + 1);
}

/** The same for the same values, in whatever order they stand. */
function hashOf(params: Params): string {
  return sha256Of(JSON.stringify(Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
