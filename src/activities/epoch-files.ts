import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of, writeAtomically } from '../artifacts/store.ts';
import type { RungCheckpoint } from '../contracts/train-rung.ts';
import type { EpochRecord } from '../contracts/training-spec.ts';
import { TrainingError } from '../training/errors.ts';

/** A checkpoint to go on from. */
export interface KnownCheckpoint {
  readonly file: string;
  /** Null when only its name is known; its content then vouches for itself. */
  readonly sha256: string | null;
}

/** What a training keeps in its folder: of every finished epoch a checkpoint and, written before it, the record. */
export class EpochFiles {
  readonly #folder: string;
  #writing: Promise<void> = Promise.resolve();

  /** `folder` must be there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes what is left of an epoch, one after the other, and calls `onDisk` once both files are there. */
  keep(record: EpochRecord, bytes: Uint8Array, onDisk: (checkpoint: RungCheckpoint) => void): void {
    this.#writing = this.#writing.then(async () => {
      await writeAtomically(this.#path(`epoch-${record.epoch}.json`), Buffer.from(JSON.stringify(record)));
      onDisk(await this.save(record.epoch, bytes));
    });
    this.#writing.catch(() => undefined);
  }

  /** Resolves when all that was kept is on disk. Rejects with what went wrong. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async save(epoch: number, bytes: Uint8Array): Promise<RungCheckpoint> {
    const file = checkpointFile(epoch);
    await writeAtomically(this.#path(file), bytes);
    return { file, sha256: sha256Of(bytes), epoch };
  }

  /** The bytes of a checkpoint. Throws `TrainingError` `CHECKPOINT_CORRUPT` when it is not there, or has another hash. */
  async read({ file, sha256 }: KnownCheckpoint): Promise<Uint8Array> {
    const path = this.#path(file);
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new TrainingError('CHECKPOINT_CORRUPT', `Expected the checkpoint ${path}, found none; the training cannot go on.`, { cause });
    });
    const got = sha256Of(bytes);
    if (sha256 === null || got === sha256) return new Uint8Array(bytes);
    throw new TrainingError(
      'CHECKPOINT_CORRUPT',
      `Expected the checkpoint ${path} with sha256 ${sha256}, got ${got}; the file is damaged.`,
    );
  }

  /** The checkpoint of an epoch that nobody has told of, or undefined when there is none. */
  async find(epoch: number): Promise<{ readonly checkpoint: RungCheckpoint; readonly bytes: Uint8Array } | undefined> {
    const file = checkpointFile(epoch);
    const bytes = await readFile(this.#path(file)).catch(() => undefined);
    return bytes && { checkpoint: { file, sha256: sha256Of(bytes), epoch }, bytes: new Uint8Array(bytes) };
  }

  /** The records of the epochs after `from`, up to `to`; of earlier attempts too. */
  async records(from: number, to: number): Promise<EpochRecord[]> {
    const records: EpochRecord[] = [];
    for (let epoch = from + 1; epoch <= to; epoch += 1) {
      const path = this.#path(`epoch-${epoch}.json`);
      if (existsSync(path)) records.push(JSON.parse(await readFile(path, 'utf8')) as EpochRecord);
    }
    return records;
  }

  /** Removes all checkpoints but one, and what interrupted writes have left. */
  async removeCheckpoints({ except }: { readonly except: string }): Promise<void> {
    const files = await readdir(this.#folder);
    const old = files.filter((file) => file.endsWith('.tmp') || (file.endsWith('.ckpt') && file !== except));
    await Promise.all(old.map((file) => rm(this.#path(file), { force: true })));
  }

  #path(file: string): string {
    return join(this.#folder, file);
  }
}

function checkpointFile(epoch: number): string {
  return `epoch-${epoch}.ckpt`;
}
