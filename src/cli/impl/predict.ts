import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
// oxlint-disable-next-line no-restricted-imports -- predict reads the model's file here, without a worker
import { ArtifactError, ArtifactStore } from '../../artifacts/store.ts';
import { getTrainedModel } from '../../client/models.ts';
import { UserError } from '../../contracts/user-error.ts';
import { TrainingError } from '../../training/errors.ts';
import { pixelsFromImage } from '../../training/image.ts';
import { loadModel, modelSha256 } from '../../training/model-file.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { usageError } from '../format-error.ts';
import { outputOf } from '../output.ts';
import { table } from '../text/table.ts';
import { useCerebros } from '../use-cerebros.ts';

const IMAGE_BYTES_MAX = 20 * 1024 * 1024;
/** Classes that the text names, the likeliest first. */
const TOP = 5;

/** `predict MODEL FILE`: how likely a model takes an image for each of its classes. */
export async function predict(this: CliContext, flags: GlobalFlags, model: string, file: string): Promise<void> {
  const output = outputOf(this, flags);
  const image = await readImage(resolve(this.cwd, file), file);
  const { row, bytes } = await useCerebros(this, flags, async (cerebros) => {
    const found = await getTrainedModel(cerebros, model);
    return { row: found, bytes: await readModel(found.uri, cerebros.connections.settings.artifacts_dir) };
  });
  if (modelSha256(bytes) !== row.sha256) throw modelDamaged(model, 'its file has another hash than the ledger says');
  const loaded = loadModel(bytes);
  const pixels = await pixelsFromImage(image, loaded).catch((error: unknown) => {
    throw error instanceof TrainingError ? usageError(`${file}: ${error.message}`, 'give a PNG, JPEG, WebP, GIF or TIFF') : error;
  });
  const probabilities = [...loaded.predict(pixels)];
  const ranked = probabilities
    .map((probability, index) => ({ class: index, label: loaded.labels?.[index] ?? String(index), probability }))
    .toSorted((a, b) => b.probability - a.probability);
  const answer = {
    model,
    file,
    class: ranked[0]?.class ?? null,
    label: ranked[0]?.label ?? null,
    probability: ranked[0]?.probability ?? null,
    probabilities,
  };
  output.data(answer, () =>
    table([['CLASS', 'PROBABILITY'], ...ranked.slice(0, TOP).map((one) => [one.label, one.probability.toFixed(4)])]),
  );
}

async function readImage(path: string, name: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > IMAGE_BYTES_MAX) throw usageError(`${name}: expected at most ${IMAGE_BYTES_MAX} bytes, got ${size}`, 'give a smaller image');
    return await readFile(path);
  } catch (error) {
    throw error instanceof UserError
      ? error
      : usageError(`${name}: expected an image that can be read: ${String(error)}`, 'give the path of an image');
  }
}

async function readModel(uri: string, artifactsDir: string): Promise<Uint8Array> {
  try {
    return await new ArtifactStore(artifactsDir).get(uri);
  } catch (error) {
    throw error instanceof ArtifactError ? modelDamaged(uri, error.message) : error;
  }
}

function modelDamaged(model: string, why: string): UserError {
  return new UserError('MODEL_UNREADABLE', `model ${model}: expected a whole model, but ${why}`, {
    hint: 'look at CEREBROS_ARTIFACTS_DIR: it must be the folder that training wrote to',
    exitCode: EXIT.notFound,
  });
}
