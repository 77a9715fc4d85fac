import { type BlockParams, blocksOf, optimizerOf, paramsIssues } from '../contracts/nas-architecture.ts';
import type { Params } from '../contracts/search-space.ts';
import type { Block, ModelSpec, TrainingSpec } from '../contracts/training-spec.ts';
import type { DatasetInfo } from './datasets/dataset.ts';
import { TrainingError } from './errors.ts';
import { countParams, refuseTooLarge } from './network-plan.ts';

const CONVOLUTIONS = { 1: 'conv1x1', 3: 'conv3x3', 5: 'conv5x5' } as const;
const POOLS = { none: 'none', max: 'max2', avg: 'avg2' } as const;

type Images = Pick<DatasetInfo, 'input' | 'classes'>;

/**
 * The training that a configuration of a search describes, for the images of a dataset.
 *
 * @param limits - `epochs` of the training, and the most parameters it may have.
 * @throws TrainingError `SPEC_INVALID` names the parameter and what to change; `MODEL_TOO_LARGE`.
 */
export function architectureOf(params: Params, dataset: Images, limits: Pick<TrainingSpec, 'epochs' | 'max_params'>): TrainingSpec {
  const { epochs, max_params } = limits;
  const spec = { model: modelOf(params, dataset), ...optimizerOf(params), epochs, max_params };
  refuseTooLarge(spec);
  return spec;
}

/** Number of trainable parameters of a configuration's network, or null when there is no such network. */
export function countArchitecture(params: Params, dataset: Images): number | null {
  try {
    return countParams(modelOf(params, dataset));
  } catch (error) {
    if (error instanceof TrainingError) return null;
    throw error;
  }
}

function modelOf(params: Params, { input, classes }: Images): ModelSpec {
  const issues = paramsIssues(params).map(({ path, message }) => `${path.join('.')}: ${message}`);
  if (issues.length > 0) throw new TrainingError('SPEC_INVALID', issues.join('; '));
  const blocks = blocksOf(params);
  refuseLateConvolution(blocks);
  refuseEmptyPooling(blocks, input);
  return { input, blocks: blocks.map(blockOf), classes };
}

function blockOf({ op, width, kernel, activation, dropout, pooling }: BlockParams): Block {
  if (op === 'dense') return { type: 'dense', units: width, activation, dropout };
  const block = { type: CONVOLUTIONS[kernel], filters: width, pool: POOLS[pooling], activation };
  return dropout === 0 ? block : { ...block, dropout };
}

function refuseLateConvolution(blocks: readonly BlockParams[]): void {
  const dense = blocks.findIndex(({ op }) => op === 'dense');
  const late = blocks.findIndex(({ op }, index) => op === 'conv' && dense >= 0 && index > dense);
  if (late < 0) return;
  const cure = `make block${dense + 1} conv too, or block${late + 1} dense`;
  throw new TrainingError('SPEC_INVALID', `block${late + 1}_op: expected dense because block${dense + 1} is dense, got conv; ${cure}`);
}

function refuseEmptyPooling(blocks: readonly BlockParams[], input: ModelSpec['input']): void {
  let { height, width } = input;
  for (const [index, { op, pooling }] of blocks.entries()) {
    if (op === 'dense' || pooling === 'none') continue;
    if (height < 2 || width < 2) {
      const left = `because of the image only ${height}x${width} pixels are left here`;
      const cure = 'pool in fewer blocks before it, or lower depth';
      throw new TrainingError('SPEC_INVALID', `block${index + 1}_pooling: expected none ${left}, got ${pooling}; ${cure}`);
    }
    height = Math.floor(height / 2);
    width = Math.floor(width / 2);
  }
}
