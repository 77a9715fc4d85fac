import type { z } from 'zod';
import {
  type Block,
  type TrainingConfig,
  trainingConfigSchema,
  type TrainingSpec,
  trainingSpecSchema,
} from '../contracts/training-spec.ts';
import type { DatasetInfo } from './datasets/dataset.ts';
import { TrainingError } from './errors.ts';
import { explainIssues } from './explain-issues.ts';
import { refuseTooLarge } from './network-plan.ts';
import { type Preset, presets } from './presets.ts';

const CUSTOM = 'custom';

/**
 * Turns a model's name, a user's config and a dataset into a complete spec.
 *
 * @param modelName - a preset (`mlp-small`, `mlp`, `cnn-small`), or `custom` with the blocks in `config.model`.
 * @param config - what the user wrote, not yet checked; `undefined` means no changes.
 * @throws TrainingError `MODEL_UNKNOWN`, `SPEC_INVALID` (names the path, what was expected and what came), `MODEL_TOO_LARGE`.
 */
export function resolveSpec(modelName: string, config: unknown, dataset: Pick<DatasetInfo, 'input' | 'classes'>): TrainingSpec {
  const parsed = parseConfig(config ?? {});
  const preset = choosePreset(modelName, parsed);
  const { model: _model, dropout, dataset_limit: _limit, ...changes } = parsed;
  const blocks = preset.blocks.map((block) => withDropout(block, dropout));
  const model = { input: dataset.input, blocks, classes: dataset.classes };
  const spec = parseSpec({ ...preset.training, ...changes, model });
  refuseTooLarge(spec);
  return spec;
}

/**
 * Checks a user's training config.
 *
 * @throws TrainingError `SPEC_INVALID`.
 */
export function parseConfig(config: unknown): TrainingConfig {
  return check('training config', trainingConfigSchema, config);
}

/**
 * Checks a complete spec and fills in its defaults.
 *
 * @throws TrainingError `SPEC_INVALID`.
 */
export function parseSpec(spec: unknown): TrainingSpec {
  return check('training spec', trainingSpecSchema, spec);
}

function check<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = `Invalid ${what}: ${explainIssues(parsed.error.issues, value)}`;
  throw new TrainingError('SPEC_INVALID', message, { cause: parsed.error });
}

function choosePreset(modelName: string, { model }: TrainingConfig): Preset {
  if (modelName !== CUSTOM) {
    const named = findPreset(modelName);
    if (model === undefined) return named;
    return typeof model === 'string' ? findPreset(model) : { ...named, blocks: model.blocks };
  }
  if (typeof model === 'object') return { ...findPreset('mlp'), blocks: model.blocks };
  throw new TrainingError('SPEC_INVALID', `Invalid training config: model.blocks: expected the blocks of a ${CUSTOM} model, got nothing`);
}

function findPreset(name: string): Preset {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return preset;
  const known = [...Object.keys(presets), CUSTOM].join(', ');
  throw new TrainingError('MODEL_UNKNOWN', `Expected a model name out of ${known}, got ${JSON.stringify(name)}.`);
}

function withDropout(block: Block, dropout: number | undefined): Block {
  return block.type === 'dense' && dropout !== undefined ? { ...block, dropout } : block;
}
