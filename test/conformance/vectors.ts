import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { TrainRungInput } from '../../src/contracts/train-rung.ts';

const FOLDER = new URL('../../workers/schemas/vectors/train-rung/', import.meta.url);

const bounds = z.strictObject({ low: z.number(), high: z.number() });

const vectorSchema = z.strictObject({
  about: z.string().min(1),
  /** Of the input of `trainRung`; the rest is {@link inputOf}'s. */
  input: z.strictObject({
    params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    seed: z.int(),
    to_epoch: z.int(),
    max_params: z.int().default(5_000_000),
    fit: z.enum(['train', 'train_and_validation']).default('train'),
    final: z.boolean().default(false),
  }),
  expect: z.union([
    /** Type of the non-retryable failure. */
    z.strictObject({ error: z.string() }),
    z.strictObject({ param_count: z.int(), accuracy: bounds, test_accuracy: bounds.optional() }),
  ]),
});

/** A configuration that every engine must train alike, or refuse alike. */
export type Vector = z.infer<typeof vectorSchema> & { readonly name: string };

/** What every engine is told beside a vector. */
export type Images = Pick<TrainRungInput, 'dataset_id' | 'dataset_sha256' | 'dataset_files'>;

/** All vectors, by name. */
export function readVectors(): readonly Vector[] {
  const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
  return names.map((name) => ({ name, ...vectorSchema.parse(JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'))) }));
}

/** The whole input of a vector. Every search has a folder of its own, so that nothing is found there. */
export function inputOf({ input }: Vector, images: Images, search_id: string): TrainRungInput {
  return { protocol: 1, search_id, trial: 0, ...images, dataset_limit: null, checkpoint: null, ...input };
}
