import { z } from 'zod';
import { datasetIdSchema } from './dataset-id-schema.ts';
import { MODEL_NAMES } from './training-catalogue.ts';
import { trainingConfigSchema } from './training-spec.ts';

/** What a user gives to `start training-run`; defaults are filled in when it is read. */
export const trainingRunInputSchema = z
  .strictObject({
    worker_id: z.string().min(1).max(200).default('local'),
    model_name: z.enum(MODEL_NAMES),
    dataset_name: datasetIdSchema,
    config_path: z.string().min(1).optional(),
    config: trainingConfigSchema.optional(),
    checkpoint_interval: z.int().min(1).max(1000).default(1),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    drill: z.enum(['fail_collect_results']).optional(),
  })
  .superRefine(({ model_name, config }, context) => {
    if (model_name === 'custom' && typeof config?.model !== 'object') {
      context.addIssue({ code: 'custom', path: ['config', 'model'], message: 'expected the blocks of a custom model: {"blocks": […]}' });
    }
  });
