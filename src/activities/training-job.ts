import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { writeAtomically, type ArtifactStore } from '../artifacts/store.ts';
import type { TrainingProgress } from '../contracts/training-spec.ts';
import type { TrainedModel, TrainingJobActivities, TrainSegmentInput, TrainSegmentResult } from '../contracts/training-run.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import { TrainingError } from '../training/errors.ts';
import { modelSha256 } from '../training/model-file.ts';
import type { ThreadResult } from '../training/thread-messages.ts';
import { trainInThread } from '../training/train-in-thread.ts';
import { EpochFiles, type KnownCheckpoint } from './epoch-files.ts';
import { asTraining } from './training-failure.ts';

const HEARTBEAT_MS = 2000;

/** What a segment heartbeats: its place in the whole training, in epochs, and where a retry goes on from. */
interface SegmentHeartbeat extends TrainingProgress {
  readonly done: number;
  readonly total: number;
  /** File name of the last checkpoint, in the run's folder. */
  readonly checkpoint: string | null;
  readonly checkpoint_sha256: string | null;
}

/** The activities of training jobs, for the compute queue. */
export function createTrainingJobActivities({ artifacts }: { readonly artifacts: ArtifactStore }): TrainingJobActivities {
  return { trainSegment: (input) => asTraining(async () => new Segment(input, artifacts).run()) };
}

/** One activity: trains from the last checkpoint known to the next one asked for. */
class Segment {
  readonly #context = Context.current();
  readonly #input: TrainSegmentInput;
  readonly #folder: string;
  readonly #datasetsFolder: string;
  readonly #files: EpochFiles;
  #checkpoint: KnownCheckpoint | null;

  constructor(input: TrainSegmentInput, artifacts: ArtifactStore) {
    this.#input = input;
    this.#folder = artifacts.runFolder(input.run_name);
    this.#datasetsFolder = artifacts.datasetsFolder;
    this.#files = new EpochFiles(this.#folder);
    const last = this.#context.info.heartbeatDetails as SegmentHeartbeat | undefined;
    const file = last?.checkpoint ?? input.checkpoint;
    this.#checkpoint = file === null ? null : { file, sha256: last?.checkpoint_sha256 ?? null };
  }

  async run(): Promise<TrainSegmentResult> {
    const { training, until_epoch } = this.#input;
    const checkpoint = await this.#resume();
    const last = until_epoch === training.spec.epochs;
    const result = await trainInThread({
      spec: training.spec,
      dataset_id: training.dataset_name,
      dataset_limit: training.dataset_limit,
      datasets_folder: this.#datasetsFolder,
      seed: training.seed,
      checkpoint,
      until_epoch,
      every_ms: HEARTBEAT_MS,
      heartbeat: (progress) => this.#beat(progress),
      // Temporal is told of a checkpoint once it is on disk.
      onEpoch: (record, bytes) => this.#files.keep(record, bytes, (onDisk) => void (this.#checkpoint = onDisk)),
      score_test: last,
      signal: this.#context.cancellationSignal,
    });
    await this.#files.settled();
    if (result.aborted) return this.#context.cancelled;
    return {
      epoch: until_epoch,
      checkpoint: (await this.#files.save(until_epoch, result.checkpoint)).file,
      epochs: await this.#files.records(this.#from(), until_epoch),
      model: last ? await this.#saveModel(result) : null,
    };
  }

  /** The bytes to go on from. Says so in the log, where a person looks after a crash. */
  async #resume(): Promise<Uint8Array | undefined> {
    const { run_name, until_epoch } = this.#input;
    if (!this.#checkpoint) return undefined;
    const bytes = await this.#files.read(this.#checkpoint);
    const { epoch, batch } = readCheckpointHeader(bytes);
    this.#beat({ epoch, batch, batches: 0, epochs: this.#input.training.spec.epochs, loss: null, validation_accuracy: null });
    const { attempt } = this.#context.info;
    if (attempt > 1)
      this.#context.log.warn(
        `training ${run_name}: attempt ${attempt} resumed at epoch ${epoch}, batch ${batch}, on the way to epoch ${until_epoch}`,
        { resumed_epoch: epoch },
      );
    return bytes;
  }

  #beat(progress: TrainingProgress): void {
    const { epochs, batches, epoch, batch } = progress;
    const { file = null, sha256 = null } = this.#checkpoint ?? {};
    const done = epoch + (batches > 0 ? batch / batches : 0);
    const heartbeat: SegmentHeartbeat = { ...progress, done, total: epochs, checkpoint: file, checkpoint_sha256: sha256 };
    this.#context.heartbeat(heartbeat);
  }

  async #saveModel({ model, test_accuracy, validation_accuracy }: ThreadResult): Promise<TrainedModel> {
    if (!model || test_accuracy === null || validation_accuracy === null)
      throw new TrainingError('TRAINING_THREAD_LOST', 'The training ended without a model.');
    const file = 'model.bin';
    await writeAtomically(join(this.#folder, file), model);
    return { sha256: modelSha256(model), file, test_accuracy, validation_accuracy };
  }

  /** Epochs finished before this segment. */
  #from(): number {
    return Number(/epoch-(\d+)/.exec(this.#input.checkpoint ?? '')?.[1] ?? 0);
  }
}
