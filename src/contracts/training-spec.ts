import { z } from 'zod';

// Training as data. Everything that decides the weights is in here, so a spec, a dataset and a seed name one result.

const activation = z.enum(['relu', 'tanh']);

const dropout = z.number().min(0).max(0.9);

/** A convolution (stride 1, zero padding), then the activation, then pooling, then dropout. */
export const convBlockSchema = z.strictObject({
  /** Names the size of the kernel. */
  type: z.enum(['conv1x1', 'conv3x3', 'conv5x5']),
  /** Output channels, 1 to 256. */
  filters: z.int().min(1).max(256),
  /** 2×2 pooling with stride 2, the largest or the mean of four. Default `max2`. */
  pool: z.enum(['max2', 'avg2', 'none']).default('max2'),
  /** Default `relu`. */
  activation: activation.default('relu'),
  /**
   * Share of outputs set to zero in training, 0 to 0.9. Default 0. None is left out rather than 0, so that a spec from before there
   * was dropout here keeps its bytes, and with them its hash.
   */
  dropout: dropout.transform((rate) => (rate === 0 ? undefined : rate)).optional(),
});

/** A fully connected layer, then the activation, then dropout. */
export const denseBlockSchema = z.strictObject({
  type: z.literal('dense'),
  /** Outputs, 1 to 4,096. */
  units: z.int().min(1).max(4096),
  /** Default `relu`. */
  activation: activation.default('relu'),
  /** Share of outputs set to zero in training, 0 to 0.9. Default 0. */
  dropout: dropout.default(0),
});

/** One hidden block of a model. */
export const blockSchema = z.discriminatedUnion('type', [convBlockSchema, denseBlockSchema]);

/** Hidden blocks: at most 8 convolutions, then at most 8 dense layers; none at all is softmax regression. */
export const blocksSchema = z
  .array(blockSchema)
  .max(16)
  .superRefine((blocks, context) => {
    const dense = blocks.filter((block) => block.type === 'dense').length;
    for (const [kind, count] of Object.entries({ dense, convolution: blocks.length - dense })) {
      if (count > 8) context.addIssue({ code: 'custom', message: `expected at most 8 ${kind} blocks, got ${count}` });
    }
    const firstDense = blocks.findIndex((block) => block.type === 'dense');
    const lateConv = blocks.findIndex((block, index) => block.type !== 'dense' && firstDense >= 0 && index > firstDense);
    if (lateConv >= 0) {
      context.addIssue({
        code: 'custom',
        path: [lateConv],
        message: 'expected every convolution before the first dense block, got one after it',
      });
    }
  });

/** The shape of a network: images in, class scores out. */
export const modelSpecSchema = z.strictObject({
  /** Size of one image: pixels (1 to 256) and channels (1 to 4). */
  input: z.strictObject({
    height: z.int().min(1).max(256),
    width: z.int().min(1).max(256),
    channels: z.int().min(1).max(4),
  }),
  blocks: blocksSchema,
  /** Number of classes, 2 to 1,000. */
  classes: z.int().min(2).max(1000),
});

const optimizer = z.enum(['adam', 'sgd']);
const learningRate = z.number().gt(0).max(1);
const momentum = z.number().min(0).max(0.999);
const batchSize = z.int().min(1).max(4096);
const epochs = z.int().min(1).max(1000);
const maxParams = z.int().min(1).max(50_000_000);

/** A slice of a dataset for quick runs: the first `train`, `validation` and `test` images. Default: all of them. */
export const datasetLimitSchema = z.strictObject({
  train: z.int().min(1).optional(),
  validation: z.int().min(1).optional(),
  test: z.int().min(1).optional(),
});

/** A complete, resolved training: nothing is left to defaults of the code that runs it. */
export const trainingSpecSchema = z.strictObject({
  model: modelSpecSchema,
  optimizer,
  /** Step size, above 0, at most 1. */
  learning_rate: learningRate,
  /** Of `sgd`, 0 to 0.999; `adam` does not use it. Default 0.9. */
  momentum: momentum.default(0.9),
  /** Images per step, 1 to 4,096. */
  batch_size: batchSize,
  /** Passes over the training images, 1 to 1,000. */
  epochs,
  /** Largest number of parameters accepted, checked before anything is allocated. Default 5,000,000. */
  max_params: maxParams.default(5_000_000),
});

/** What a user writes to change a named model's training. Every field is optional. */
export const trainingConfigSchema = z.strictObject({
  /** Another preset's name, or own hidden blocks; input and classes always come from the dataset. */
  model: z.union([z.string(), z.strictObject({ blocks: blocksSchema })]).optional(),
  epochs: epochs.optional(),
  batch_size: batchSize.optional(),
  optimizer: optimizer.optional(),
  learning_rate: learningRate.optional(),
  momentum: momentum.optional(),
  /** Dropout of every dense block, 0 to 0.9. */
  dropout: dropout.optional(),
  dataset_limit: datasetLimitSchema.optional(),
  max_params: maxParams.optional(),
});

/** One hidden block of a model. */
export type Block = z.infer<typeof blockSchema>;
/** The shape of a network. */
export type ModelSpec = z.infer<typeof modelSpecSchema>;
/** Size of one image: pixels and channels. */
export type ImageShape = ModelSpec['input'];
/** A complete, resolved training. */
export type TrainingSpec = z.infer<typeof trainingSpecSchema>;
/** A user's changes to a named model's training. */
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;
/** A slice of a dataset. */
export type DatasetLimit = z.infer<typeof datasetLimitSchema>;

/** One finished epoch, as it stands in a training curve. */
export interface EpochRecord {
  /** Epochs finished so far, from 1. */
  readonly epoch: number;
  /** Mean cross-entropy over the epoch's batches, in nats. */
  readonly train_loss: number;
  /** Share of validation images classified right, 0 to 1. */
  readonly validation_accuracy: number;
  /** Wall-clock time of this epoch in this process, milliseconds; not reproducible. */
  readonly ms: number;
}

/** Where a training stands; small enough for a heartbeat. */
export interface TrainingProgress {
  /** Epochs finished. */
  readonly epoch: number;
  /** Batches done of the epoch under way. */
  readonly batch: number;
  /** Batches per epoch. */
  readonly batches: number;
  /** Epochs of the whole training. */
  readonly epochs: number;
  /** Mean loss of the epoch under way, in nats; null before its first batch. */
  readonly loss: number | null;
  /** Of the last finished epoch; null before there is one. */
  readonly validation_accuracy: number | null;
}
