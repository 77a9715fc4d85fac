import sharp from 'sharp';
import { permutation, streamKey } from '../../training/counter-rng.ts';
import { loadDataset } from '../../training/datasets/registry.ts';

const SIDE = 28;
const SEED = 11;

/** What the demo's source does when one of its images is asked for. */
export interface PlantedImage {
  readonly path: string;
  readonly label: string;
  readonly body: Buffer;
  readonly type: string;
  /** Default: the body at once. */
  readonly fault?: 'slow' | 'busy_once' | 'broken' | 'gone' | 'redirect' | 'redirect_inside';
}

/** How many of each kind are among the images, and what a build must therefore say. */
export const PLANTED = {
  digits: 6000,
  slow: 20,
  busy_once: 30,
  redirect: 20,
  broken: 24,
  gone: 15,
  redirect_inside: 5,
  truncated: 40,
  noise: 30,
  html: 25,
  blank: 10,
  duplicates: 60,
  near_duplicates: 50,
} as const;

/** What must come out of each stage, by the code of what is dropped. */
export const EXPECTED = {
  download: { HTTP_500: PLANTED.broken, HTTP_404: PLANTED.gone, FORBIDDEN_ADDRESS: PLANTED.redirect_inside },
  validate: {
    TRUNCATED: PLANTED.truncated,
    NOT_AN_IMAGE: PLANTED.noise,
    FORMAT_NOT_ALLOWED: PLANTED.html,
    BLANK: PLANTED.blank,
  },
  deduplicate: { DUPLICATE: PLANTED.duplicates, NEAR_DUPLICATE: PLANTED.near_duplicates },
  images: PLANTED.digits,
} as const;

/** Several thousand MNIST digits as PNG files, and among them what a source in the wild has. The same at every call. */
export async function plantDigits(): Promise<PlantedImage[]> {
  const digits = await realDigits();
  const of = (from: number, count: number): PlantedImage[] => digits.slice(from, from + count);
  const odd = (digit: PlantedImage, name: string): Pick<PlantedImage, 'path' | 'label' | 'type'> => ({
    path: digit.path.replace('.png', `-${name}.png`),
    label: digit.label,
    type: 'image/png',
  });
  const faulty = (fault: NonNullable<PlantedImage['fault']>, from: number): PlantedImage[] =>
    of(from, PLANTED[fault]).map((digit) => ({ ...digit, ...odd(digit, fault), fault }));
  const spoilt = (name: string, images: readonly PlantedImage[], spoil: (digit: PlantedImage) => Buffer): PlantedImage[] =>
    images.map((digit) => ({ ...odd(digit, name), body: spoil(digit) }));
  const blank = await greyImage(Buffer.alloc(SIDE * SIDE));
  const near = await Promise.all(
    of(900, PLANTED.near_duplicates).map(async (digit) => ({ ...odd(digit, 'near'), body: await brighter(digit.body) })),
  );
  return [
    ...digits.map((digit, idx) => helped(digit, idx)),
    ...faulty('broken', 100),
    ...faulty('gone', 200),
    ...faulty('redirect_inside', 300),
    ...spoilt('truncated', of(400, PLANTED.truncated), ({ body }) => body.subarray(0, Math.floor(body.length * 0.6))),
    ...spoilt('noise', of(500, PLANTED.noise), ({ body }) => Buffer.from(body.map((byte, at) => byte ^ (at + 91)))),
    ...spoilt('html', of(600, PLANTED.html), ({ path }) => Buffer.from(`<!doctype html><title>404</title><p>${path} has moved`)),
    ...spoilt('blank', of(700, PLANTED.blank), () => blank),
    ...spoilt('again', of(800, PLANTED.duplicates), ({ body }) => body),
    ...near,
  ];
}

/** Some of the good ones are slow, busy at first, or somewhere else; all of them arrive. */
function helped(digit: PlantedImage, idx: number): PlantedImage {
  const { slow, busy_once, redirect } = PLANTED;
  if (idx < slow) return { ...digit, fault: 'slow' };
  if (idx < slow + busy_once) return { ...digit, fault: 'busy_once' };
  return idx < slow + busy_once + redirect ? { ...digit, fault: 'redirect' } : digit;
}

async function realDigits(): Promise<PlantedImage[]> {
  const { splits } = loadDataset('mnist', { limit: { train: 20_000, validation: 1, test: 1 } });
  const picks = permutation(streamKey(SEED), splits.train.count).subarray(0, PLANTED.digits);
  const pixels = new Float32Array(SIDE * SIDE);
  const digits: PlantedImage[] = [];
  for (const [at, pick] of picks.entries()) {
    splits.train.copyPixels(pixels, () => pick);
    const body = await greyImage(Buffer.from(Uint8Array.from(pixels, (ink) => Math.round(ink * 255))));
    const label = String(splits.train.labels[pick]);
    digits.push({ path: `/digits/${label}/${String(at).padStart(5, '0')}.png`, label, body, type: 'image/png' });
  }
  return digits;
}

function greyImage(pixels: Buffer): Promise<Buffer> {
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
    .png()
    .toBuffer();
}

/** The same picture to the eye, another file. */
function brighter(body: Buffer): Promise<Buffer> {
  return sharp(body).linear(0.93, 6).jpeg({ quality: 92 }).toBuffer();
}
