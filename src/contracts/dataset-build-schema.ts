import { z } from 'zod';
import { SPLIT_NAMES } from './dataset-build.ts';
import { DATASET_NAMES } from './training-catalogue.ts';

const FORMATS = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const;
const MIB = 1024 * 1024;

/** Name of a dataset: a path segment, and what stands before `@` in `name@version`. */
export const datasetNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected 1 to 64 of a-z, 0-9, ".", "_" and "-", the first a letter or digit');

const urlSchema = z
  .url({ protocol: /^https?$/, error: 'expected an https URL (http only where the worker allows it)' })
  .max(4096)
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'expected a URL without user and password; they would be kept in history');

const pathSchema = z
  .string()
  .min(1)
  .max(4096)
  .superRefine((path, context) => {
    if (!/^[a-z][a-z0-9+.-]*:/i.test(path)) return;
    const expected = `expected a path on the worker or an https URL, got ${JSON.stringify(path)}; other schemes are not read`;
    const problem = /^https?:\/\//i.test(path) ? urlSchema.safeParse(path).error?.issues[0]?.message : expected;
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

const labelSchema = z
  .string()
  .max(200)
  .refine((label) => label.trim() !== '' && !/[\p{Cc}\p{Cs}]/u.test(label), {
    error: ({ input }) => `expected a label of 1 to 200 characters, none of them a control character, got ${JSON.stringify(input)}`,
  });

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits in lower case');

const options = {
  label: labelSchema.optional(),
  split: z.enum(SPLIT_NAMES).optional(),
};

const sourceSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('folder'), path: localPath(), ...options }),
  z.strictObject({
    type: z.literal('urls'),
    urls: z.array(urlSchema).min(1).max(2000).optional(),
    path: pathSchema.optional(),
    ...options,
  }),
  z.strictObject({ type: z.literal('manifest'), path: pathSchema, ...options }),
  z.strictObject({ type: z.literal('archive'), path: pathSchema, sha256: sha256Schema.optional(), ...options }),
  z.strictObject({ type: z.literal('idx'), images: pathSchema, labels: pathSchema.optional(), ...options }),
]);

const fraction = z.number().min(0).max(1);

const downloadSchema = z.strictObject({
  concurrency: z.int().min(1).max(64).default(8),
  timeout_s: z.number().min(0.1).max(600).default(30),
  max_bytes: z
    .int()
    .min(1)
    .max(512 * MIB)
    .default(20 * MIB),
  max_source_bytes: z
    .int()
    .min(1)
    .max(1024 * 1024 * MIB)
    .default(4096 * MIB),
  max_redirects: z.int().min(0).max(10).default(3),
  max_retries: z.int().min(0).max(10).default(4),
  max_failed_fraction: fraction.default(0.1),
});

const validateSchema = z.strictObject({
  formats: z
    .array(z.enum(FORMATS))
    .min(1)
    .default([...FORMATS]),
  min_side: z.int().min(1).max(100_000).default(8),
  max_side: z.int().min(1).max(100_000).default(10_000),
  max_pixels: z.int().min(1).max(1_000_000_000).default(40_000_000),
  max_aspect: z.number().min(1).max(10_000).default(20),
  min_deviation: z.number().min(0).max(128).default(1),
  max_failed_fraction: fraction.default(0.5),
});

const deduplicateSchema = z.strictObject({ near_threshold: z.int().min(0).max(32).nullable().default(16) });

const labelRulesSchema = z.strictObject({
  from: z.enum(['given_or_path', 'given', 'path', 'none']).default('given_or_path'),
  map: z.record(z.string().max(200), labelSchema.nullable()).optional(),
  map_path: pathSchema.optional(),
});

const splitsSchema = z
  .strictObject({ train: fraction, validation: fraction, test: fraction })
  .refine(({ train, validation, test }) => Math.abs(train + validation + test - 1) < 1e-9, {
    error: 'expected shares that add up to 1, as {"train": 0.8, "validation": 0.1, "test": 0.1}',
  });

const pixelsSchema = z.strictObject({
  width: z.int().min(1).max(1024),
  height: z.int().min(1).max(1024),
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
});

/** What a user gives to `start dataset-build`; defaults are filled in when it is read. */
export const datasetBuildInputSchema = z
  .strictObject({
    dataset: datasetNameSchema.refine((name) => !DATASET_NAMES.some((builtIn) => builtIn === name), {
      error: ({ input }) => `expected a name of its own, got ${String(input)}, which comes with Cerebros`,
    }),
    sources: z.array(sourceSchema).min(1).max(100),
    download: downloadSchema.prefault({}),
    validate: validateSchema.prefault({}),
    deduplicate: deduplicateSchema.prefault({}),
    label: labelRulesSchema.prefault({}),
    splits: splitsSchema.default({ train: 0.8, validation: 0.1, test: 0.1 }),
    pixels: pixelsSchema.optional(),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    description: z.string().max(10_000).default(''),
    licence: z.string().max(500).default('unknown'),
  })
  .superRefine(({ sources, label, validate }, context) => {
    for (const [idx, source] of sources.entries()) {
      if (source.type === 'urls' && (source.urls === undefined) === (source.path === undefined))
        context.addIssue({ code: 'custom', path: ['sources', idx], message: 'expected either urls or path (a file with one URL a line)' });
    }
    if (label.map !== undefined && label.map_path !== undefined)
      context.addIssue({ code: 'custom', path: ['label'], message: 'expected map or map_path, got both' });
    if (validate.min_side > validate.max_side)
      context.addIssue({ code: 'custom', path: ['validate', 'min_side'], message: 'expected at most max_side' });
  });

function localPath() {
  return z
    .string()
    .min(1)
    .max(4096)
    .refine((path) => !/^[a-z][a-z0-9+.-]*:/i.test(path), {
      error: ({ input }) => `expected a folder on the worker, got ${JSON.stringify(input)}; give a list or manifest for what is at URLs`,
    });
}
