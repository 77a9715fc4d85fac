import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TrainingSpec } from '../contracts/training-spec.ts';
import { TrainingError } from './errors.ts';
import { decodeTensors, encodeTensors, type TensorFormat } from './tensor-file.ts';

const FORMAT: TensorFormat = { magic: 'CBRSCKP1', corrupt: 'CHECKPOINT_CORRUPT' };

const IDENTITY = ['dataset_id', 'dataset_sha256', 'spec_sha256', 'seed'] as const;

const identitySchema = z.object({
  /** See {@link specSha256}. */
  spec_sha256: z.string(),
  dataset_id: z.string(),
  dataset_sha256: z.string(),
  seed: z.int(),
});

const positionSchema = z.object({
  /** Epochs finished. */
  epoch: z.int().min(0),
  /** Batches done of the epoch under way. */
  batch: z.int().min(0),
  /** Optimizer steps taken. */
  step: z.int().min(0),
  /** Sum of the batch losses of the epoch under way, in nats. */
  loss_sum: z.number(),
  /** Of the last finished epoch; null before there is one. */
  validation_accuracy: z.number().nullable(),
});

const headerSchema = z.object({
  ...identitySchema.shape,
  ...positionSchema.shape,
  params: z.int().min(0),
  payload_sha256: z.string(),
});

/** What a checkpoint belongs to; one made for another identity is refused. */
export type CheckpointIdentity = Readonly<z.infer<typeof identitySchema>>;
/** How far a training has come. */
export type TrainingPosition = Readonly<z.infer<typeof positionSchema>>;
/** What a checkpoint says about itself. */
export type CheckpointHeader = Readonly<z.infer<typeof headerSchema>>;

/**
 * Hash of everything in a spec that decides the weights after a given epoch. `epochs` and `max_params` are left out, so that a
 * training can be carried on past its first end.
 */
export function specSha256({ epochs: _epochs, max_params: _maxParams, ...rest }: TrainingSpec): string {
  return createHash('sha256').update(canonicalJson(rest)).digest('hex');
}

/** Writes a checkpoint: position, then parameters and the optimizer's state in `runs`. */
export function encodeCheckpoint(identity: CheckpointIdentity, position: TrainingPosition, runs: readonly Float32Array[]): Uint8Array {
  return encodeTensors(FORMAT, { ...identity, ...position, params: runs[0]?.length ?? 0 }, runs);
}

/**
 * Reads what a checkpoint says about itself.
 *
 * @throws TrainingError `CHECKPOINT_CORRUPT` when the bytes are no whole checkpoint.
 */
export function readCheckpointHeader(bytes: Uint8Array): CheckpointHeader {
  return decode(bytes).header;
}

/** Whether bytes are a whole checkpoint of this training at the end of an epoch. */
export function isCheckpointOf(bytes: Uint8Array, identity: CheckpointIdentity, epoch: number): boolean {
  try {
    const { header } = decode(bytes);
    return header.epoch === epoch && header.batch === 0 && IDENTITY.every((field) => header[field] === identity[field]);
  } catch (error) {
    if (error instanceof TrainingError) return false;
    throw error;
  }
}

/**
 * Copies a checkpoint's values into `runs` and returns its position.
 *
 * @throws TrainingError `CHECKPOINT_CORRUPT`, or `CHECKPOINT_MISMATCH` when it was made for another spec, dataset or seed.
 */
export function restoreCheckpoint(bytes: Uint8Array, identity: CheckpointIdentity, runs: readonly Float32Array[]): TrainingPosition {
  const { header, values } = decode(bytes);
  for (const field of IDENTITY) {
    if (header[field] === identity[field]) continue;
    const message = `The checkpoint belongs to another training: expected ${field} ${identity[field]}, got ${header[field]}.`;
    throw new TrainingError('CHECKPOINT_MISMATCH', message);
  }
  const expected = runs.reduce((total, run) => total + run.length, 0);
  if (values.length !== expected) {
    throw new TrainingError('CHECKPOINT_CORRUPT', `The checkpoint cannot be used: expected ${expected} values, got ${values.length}.`);
  }
  let start = 0;
  for (const run of runs) {
    run.set(values.subarray(start, start + run.length));
    start += run.length;
  }
  return positionSchema.parse(header);
}

function decode(bytes: Uint8Array): { header: CheckpointHeader; values: Float32Array } {
  const { header, values } = decodeTensors(FORMAT, bytes);
  const parsed = headerSchema.safeParse(header);
  if (parsed.success) return { header: parsed.data, values };
  throw new TrainingError('CHECKPOINT_CORRUPT', 'The checkpoint cannot be used: its header lacks fields.', {
    cause: parsed.error,
  });
}

// Keys sorted at every level, so that the order in which a user wrote them does not matter.
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(byKey))
      : inner,
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
