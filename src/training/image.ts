import type { PixelShape } from '../contracts/dataset-build.ts';
import type { ImageShape } from '../contracts/training-spec.ts';
import { parseDatasetReference } from '../contracts/published-dataset.ts';
import { imagePixels } from '../datasets/publish/image-pixels.ts';
import { TrainingError } from './errors.ts';
import type { LoadedModel } from './model-file.ts';

// Far more than any drawing or scan; keeps a crafted file from taking all memory.
const MAX_PIXELS = 50_000_000;

/**
 * Turns an image file (PNG, JPEG, WebP, GIF or TIFF) into the input of a model: scaled to fit, grey or colour by the model's channels,
 * values in [0, 1] in the order row, column, channel. For a model of a dataset that was built the image is taken as its images were; the
 * datasets that come with Cerebros have light ink on black, and paper, which is the other way round, is turned to that.
 *
 * @throws TrainingError `IMAGE_UNREADABLE` when the bytes are no such image or have over 50 million pixels.
 */
export async function pixelsFromImage(
  bytes: Uint8Array,
  { spec, datasetId }: Pick<LoadedModel, 'spec' | 'datasetId'>,
): Promise<Float32Array> {
  const { height, width, channels } = spec.input;
  if (channels !== 1 && channels !== 3) {
    throw new TrainingError('IMAGE_UNREADABLE', `Expected a model with 1 or 3 channels to read an image for, got ${channels}.`);
  }
  const raw = await decode(bytes, { height, width, channels });
  const asItIs = parseDatasetReference(datasetId)?.version != null;
  const inverted = !asItIs && borderMean(raw, { height, width, channels }) > 127;
  return Float32Array.from(raw, (byte) => (inverted ? 255 - byte : byte) / 255);
}

async function decode(bytes: Uint8Array, shape: PixelShape): Promise<Uint8Array> {
  try {
    return await imagePixels(bytes, shape, { limitInputPixels: MAX_PIXELS });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainingError(
      'IMAGE_UNREADABLE',
      `Expected a PNG or another image file, got ${bytes.length} bytes that cannot be read (${reason}).`,
      { cause },
    );
  }
}

function borderMean(raw: Uint8Array, { height, width, channels }: ImageShape): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < raw.length; i++) {
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width));
    if (x > 0 && x < width - 1 && y > 0 && y < height - 1) continue;
    sum += raw[i] ?? 0;
    count++;
  }
  return sum / count;
}
