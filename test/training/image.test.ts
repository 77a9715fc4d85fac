import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pixelsFromImage } from '../../src/training/image.ts';

const model = modelOf(1);

function modelOf(channels: number, datasetId = 'mnist'): Parameters<typeof pixelsFromImage>[1] {
  return { datasetId, spec: { input: { height: 8, width: 8, channels }, blocks: [], classes: 10 } };
}

async function square(background: string, ink: string): Promise<Uint8Array> {
  const drawn = await sharp({ create: { width: 32, height: 32, channels: 4, background: ink } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 64, height: 64, channels: 4, background } })
    .composite([{ input: drawn, left: 16, top: 16 }])
    .png()
    .toBuffer();
}

describe('pixelsFromImage', () => {
  for (const [background, ink] of [
    ['black', 'white'],
    ['white', 'black'],
    ['#00000000', 'black'],
  ] as const) {
    it(`reads a ${ink} square on ${background} as light ink on black`, async () => {
      const pixels = await pixelsFromImage(await square(background, ink), model);
      expect(pixels).toHaveLength(64);
      expect(pixels[0]).toBeCloseTo(0, 1);
      expect(pixels[4 * 8 + 4]).toBeCloseTo(1, 1);
    });
  }

  it('takes an image as it is for a model of a dataset that was built', async () => {
    const pixels = await pixelsFromImage(await square('white', 'black'), modelOf(1, 'shapes@1'));
    expect(pixels[0]).toBeCloseTo(1, 1);
    expect(pixels[4 * 8 + 4]).toBeCloseTo(0, 1);
  });

  it('reads colour for a model with three channels', async () => {
    expect(await pixelsFromImage(await square('black', 'red'), modelOf(3))).toHaveLength(192);
  });

  it('refuses a file that is no image', async () => {
    await expect(pixelsFromImage(Buffer.from('hello'), model)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    await expect(pixelsFromImage(new Uint8Array(), model)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
