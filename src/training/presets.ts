import type { Block, TrainingSpec } from '../contracts/training-spec.ts';

/** A named model: its hidden blocks and how it is trained unless the config says otherwise. */
export interface Preset {
  readonly blocks: readonly Block[];
  readonly training: Pick<TrainingSpec, 'optimizer' | 'learning_rate' | 'batch_size' | 'epochs'>;
}

const adam = { optimizer: 'adam', learning_rate: 0.001, batch_size: 64 } as const;
const conv = { type: 'conv3x3', pool: 'max2', activation: 'relu' } as const;
const dense = { type: 'dense', activation: 'relu', dropout: 0 } as const;

/** The models that a `model_name` can name. */
export const presets: Readonly<Record<string, Preset>> = {
  'mlp-small': { blocks: [{ ...dense, units: 32 }], training: { ...adam, epochs: 5 } },
  mlp: { blocks: [{ ...dense, units: 128 }], training: { ...adam, epochs: 8 } },
  'cnn-small': {
    blocks: [
      { ...conv, filters: 8 },
      { ...conv, filters: 16 },
      { ...dense, units: 64 },
    ],
    training: { ...adam, epochs: 3 },
  },
};
