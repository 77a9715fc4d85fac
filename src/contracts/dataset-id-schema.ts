import { z } from 'zod';
import { parseDatasetReference } from './published-dataset.ts';
import { DATASET_NAMES } from './training-catalogue.ts';

const EXPECTED = `${DATASET_NAMES.join(', ')} or a dataset that was built (name@version, or its name for the newest version)`;

/** A dataset to train on. Whether there is such a one, the worker says. */
export const datasetIdSchema = z
  .string({ error: ({ input }) => `expected ${EXPECTED}, got ${input === undefined ? 'nothing' : JSON.stringify(input)}` })
  .refine((id) => parseDatasetReference(id) !== undefined, {
    error: ({ input }) => `expected ${EXPECTED}, got ${JSON.stringify(input).slice(0, 100)}`,
  });
