import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { writeAtomically, type ArtifactStore } from '../artifacts/store.ts';
import { trialFolder, trialId } from '../contracts/nas-search.ts';
import type {
  RungCheckpoint,
  RungHeartbeat,
  RungModel,
  TrainRungActivities,
  TrainRungInput,
  TrainRungResult,
} from '../contracts/train-rung.ts';
import type { TrainingProgress, TrainingSpec } from '../contracts/training-spec.ts';
import { architectureOf } from '../training/architecture.ts';
import { isCheckpointOf, specSha256 } from '../training/checkpoint.ts';
import { fitSha256 } from '../training/datasets/joined.ts';
import { datasetInfo, datasetSha256 } from '../training/datasets/registry.ts';
import { TrainingError } from '../training/errors.ts';
import { modelSha256 } from '../training/model-file.ts';
import type { ThreadResult } from '../training/thread-messages.ts';
import { trainInThread } from '../training/train-in-thread.ts';
import { EpochFiles } from './epoch-files.ts';
import { asTraining } from './training-failure.ts';

const HEARTBEAT_MS = 1000;

/** The activity `trainRung` of the engine `typescript`, for the compute queue. */
export function createTrainRung({ artifacts }: { readonly artifacts: ArtifactStore }): TrainRungActivities {
  return { trainRung: (input) => asTraining(async () => new Rung(input, artifacts).run()) };
}

/** One attempt: trains from the last checkpoint known to `to_epoch`. */
class Rung {
  readonly #context = Context.current();
  readonly #input: TrainRungInput;
  readonly #spec: TrainingSpec;
  readonly #folder: string;
  readonly #datasetsFolder: string;
  readonly #files: EpochFiles;
  /** The newest on disk that Temporal knows or may be told. */
  #checkpoint: RungCheckpoint | null;
  #progress: Pick<TrainingProgress, 'epoch' | 'batch' | 'batches'>;

  constructor(input: TrainRungInput, artifacts: ArtifactStore) {
    refuseOtherImages(input, artifacts.datasetsFolder);
    const { params, dataset_id, to_epoch: epochs, max_params } = input;
    this.#input = input;
    this.#spec = architectureOf(params, datasetInfo(dataset_id, artifacts.datasetsFolder), { epochs, max_params });
    this.#folder = join(artifacts.runFolder(input.search_id), ...folderOf(input));
    this.#datasetsFolder = artifacts.datasetsFolder;
    this.#files = new EpochFiles(this.#folder);
    const last = this.#context.info.heartbeatDetails as RungHeartbeat | undefined;
    this.#checkpoint = last?.checkpoint ?? input.resume ?? input.checkpoint;
    this.#progress = { epoch: this.#checkpoint?.epoch ?? 0, batch: 0, batches: 1 };
  }

  async run(): Promise<TrainRungResult> {
    await mkdir(this.#folder, { recursive: true });
    // By the clock, not by the thread's progress: a large network may be busy with one batch, or with scoring, for longer.
    const pulse = setInterval(() => this.#beat(), HEARTBEAT_MS);
    try {
      const result = await this.#train(await this.#start());
      return result.aborted ? await this.#context.cancelled : await this.#answer(result);
    } finally {
      clearInterval(pulse);
    }
  }

  /** The bytes to go on from, if any. Says so in the log, where a person looks after a crash. */
  async #start(): Promise<Uint8Array | undefined> {
    const bytes = (await this.#left()) ?? (this.#checkpoint ? await this.#files.read(this.#checkpoint) : undefined);
    this.#beat();
    const { attempt } = this.#context.info;
    if ((attempt > 1 || this.#input.resume) && this.#checkpoint) {
      const { epoch } = this.#checkpoint;
      const what = `${nameOf(this.#input)}: attempt ${attempt} resumed at epoch ${epoch}, on the way to epoch ${this.#input.to_epoch}`;
      this.#context.log.warn(what, { resumed_epoch: epoch });
    }
    return bytes;
  }

  /**
   * The furthest that an attempt has left and not told of, since heartbeats are held back for a while: at the end only the answer is made
   * again. The first heartbeat then tells of it, so that who is killed often is not taken for one that never comes further.
   */
  async #left(): Promise<Uint8Array | undefined> {
    const { dataset_id, dataset_sha256, fit, seed, to_epoch } = this.#input;
    const identity = { spec_sha256: specSha256(this.#spec), dataset_id, dataset_sha256: fitSha256(dataset_sha256, fit), seed };
    for (let epoch = to_epoch; epoch > (this.#checkpoint?.epoch ?? 0); epoch -= 1) {
      const left = await this.#files.find(epoch);
      if (!left || !isCheckpointOf(left.bytes, identity, epoch)) continue;
      if ((await this.#files.records(this.#from, epoch)).length < epoch - this.#from) continue;
      this.#checkpoint = left.checkpoint;
      this.#progress = { epoch, batch: 0, batches: 1 };
      return left.bytes;
    }
    return undefined;
  }

  async #train(checkpoint: Uint8Array | undefined): Promise<ThreadResult> {
    const { dataset_id, dataset_limit, seed, fit, to_epoch, final, crash } = this.#input;
    const where = { spec: this.#spec, dataset_id, dataset_limit, seed, fit, checkpoint, until_epoch: to_epoch };
    try {
      return await trainInThread({
        ...where,
        datasets_folder: this.#datasetsFolder,
        every_ms: HEARTBEAT_MS,
        heartbeat: (progress) => void (this.#progress = progress),
        onEpoch: (record, bytes) => {
          this.#progress = { epoch: record.epoch, batch: 0, batches: 1 };
          this.#files.keep(record, bytes, (onDisk) => {
            this.#checkpoint = onDisk;
            this.#beat();
          });
        },
        score_test: final,
        signal: this.#context.cancellationSignal,
        crash,
      });
    } finally {
      await this.#files.settled();
    }
  }

  async #answer(result: ThreadResult): Promise<TrainRungResult> {
    const { params, seed, to_epoch, final } = this.#input;
    const checkpoint = this.#checkpoint;
    const { validation_accuracy: value, params: param_count, weights_sha256 } = result;
    if (value === null || checkpoint?.epoch !== to_epoch)
      throw new TrainingError('TRAINING_THREAD_LOST', `The training ended without a checkpoint of epoch ${to_epoch}.`);
    const epochs = await this.#records();
    if (epochs.length < to_epoch - this.#from)
      throw new TrainingError(
        'CHECKPOINT_CORRUPT',
        `Expected the records of epochs ${this.#from + 1} to ${to_epoch} in ${this.#folder}, found ${epochs.length}.`,
      );
    const model = final ? await this.#saveModel(result) : null;
    await this.#files.removeCheckpoints({ except: checkpoint.file });
    return { engine: 'typescript', params, seed, checkpoint, epochs, value, param_count, weights_sha256, model };
  }

  async #saveModel({ model, test_accuracy }: ThreadResult): Promise<RungModel> {
    if (model === null || test_accuracy === null) throw new TrainingError('TRAINING_THREAD_LOST', 'The training ended without a model.');
    const file = 'model.bin';
    await writeAtomically(join(this.#folder, file), model);
    return { file, sha256: modelSha256(model), test_accuracy };
  }

  /** Epochs finished before this rung. */
  get #from(): number {
    return this.#input.checkpoint?.epoch ?? 0;
  }

  #records(): Promise<TrainRungResult['epochs']> {
    return this.#files.records(this.#from, this.#input.to_epoch);
  }

  #beat(): void {
    const { epoch, batch, batches } = this.#progress;
    const heartbeat: RungHeartbeat = { epoch, done: epoch + batch / batches, total: this.#input.to_epoch, checkpoint: this.#checkpoint };
    this.#context.heartbeat(heartbeat);
  }
}

function refuseOtherImages({ dataset_id, dataset_limit, dataset_sha256 }: TrainRungInput, datasetsFolder: string): void {
  const got = datasetSha256(dataset_id, dataset_limit, datasetsFolder);
  if (got === dataset_sha256) return;
  const what = `Dataset ${dataset_id}: expected images with sha256 ${dataset_sha256}, this worker has ${got}`;
  throw new TrainingError('DATASET_MISMATCH', `${what}; run the same release on all workers. Nothing was trained.`);
}

/** The winner trained again has a folder of its own. */
function folderOf({ fit, trial }: TrainRungInput): string[] {
  return fit === 'train' ? ['trials', trialFolder(trial)] : ['best'];
}

function nameOf({ search_id, trial, fit }: TrainRungInput): string {
  return fit === 'train' ? `trial ${trialId(search_id, trial)}` : `best of ${search_id}`;
}
