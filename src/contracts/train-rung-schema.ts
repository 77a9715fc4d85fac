import { z } from 'zod';
import type { EpochRecord } from './training-spec.ts';
import { datasetLimitSchema } from './training-spec.ts';
import type { RungCheckpoint, RungHeartbeat, RungModel, TrainRungInput, TrainRungResult } from './train-rung.ts';

// The contract of `train-rung.ts` as schemas, for engines in other languages and for what comes from them. The types there lead:
// `mirrors` is a compile error when a schema says something else.

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const artifactUri = z.string().regex(/^artifact:sha256:[0-9a-f]{64}$/);
const share = z.number().min(0).max(1);
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** File name in the trial's folder. */
const file = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const params = z.record(z.string().min(1).max(100), z.union([z.string().max(1000), z.number(), z.boolean()]));

const checkpoint = mirrors<RungCheckpoint>()(z.strictObject({ file, sha256, epoch: z.int().min(0).max(1000) }));

const datasetFiles = z.strictObject({
  train_images: artifactUri,
  train_labels: artifactUri,
  validation_images: artifactUri,
  validation_labels: artifactUri,
  test_images: artifactUri,
  test_labels: artifactUri,
});

const epochRecord = mirrors<EpochRecord>()(
  z.strictObject({
    epoch: z.int().min(1).max(1000),
    train_loss: z.number(),
    validation_accuracy: share,
    ms: z.number().min(0),
  }),
);

const model = mirrors<RungModel>()(z.strictObject({ file, sha256, test_accuracy: share }));

const input = mirrors<TrainRungInput>()(
  z.strictObject({
    protocol: z.literal(1),
    search_id: z.string().regex(/^[A-Za-z0-9._:-]{1,200}$/),
    trial: z.int().min(0).max(9999),
    dataset_id: z.string().min(1),
    dataset_sha256: sha256,
    dataset_limit: datasetLimitSchema.nullable(),
    dataset_files: datasetFiles.nullable(),
    params,
    seed,
    max_params: z.int().min(1),
    fit: z.enum(['train', 'train_and_validation']),
    checkpoint: checkpoint.nullable(),
    resume: checkpoint.nullable().optional(),
    to_epoch: z.int().min(1).max(1000),
    final: z.boolean(),
    crash: z.boolean().exactOptional(),
  }),
);

const result = mirrors<TrainRungResult>()(
  z.strictObject({
    engine: z.string().min(1).max(100),
    params,
    seed,
    checkpoint,
    epochs: z.array(epochRecord).min(1),
    value: share,
    param_count: z.int().min(1),
    weights_sha256: sha256,
    model: model.nullable(),
  }),
);

const heartbeat = mirrors<RungHeartbeat>()(
  z.strictObject({
    epoch: z.int().min(0),
    done: z.number().min(0),
    total: z.int().min(1),
    checkpoint: checkpoint.nullable(),
  }),
);

/** Schemas of the activity `trainRung`, by the names of their files in `workers/schemas/`. Objects hold exactly these fields. */
export const TRAIN_RUNG_SCHEMAS = { 'train-rung-input': input, 'train-rung-result': result, 'train-rung-heartbeat': heartbeat } as const;

/** Takes a schema whose values are exactly those of `T`, apart from `readonly`. */
function mirrors<T>() {
  return <S extends z.ZodType>(schema: S & (Same<Loose<T>, z.output<S>> extends true ? unknown : never)): S => schema;
}

/** Whether each can stand for the other, and neither has a field more. */
type Same<A, B> = [A, keyof A] extends [B, keyof B] ? ([B, keyof B] extends [A, keyof A] ? true : false) : false;

type Loose<T> = T extends readonly (infer E)[] ? Loose<E>[] : T extends object ? { -readonly [K in keyof T]: Loose<T[K]> } : T;
