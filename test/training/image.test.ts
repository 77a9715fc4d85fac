import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pixelsFromPng } from '../../src/training/image.ts';

const shape = { height: 8, width: 8, channels: 1 };

async function square(background: string, ink: string): Promise<Uint8Array> {
  const drawn = await sharp({ create: { width: 32, height: 32, channels: 4, background: ink } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 64, height: 64, channels: 4, background } })
    .composite([{ input: drawn, left: 16, top: 16 }])
    .png()
    .toBuffer();
}

describe('pixelsFromPng', () => {
  for (const [background, ink] of [
    ['black', 'white'],
    ['white', 'black'],
    ['#00000000', 'black'],
  ] as const) {
    it(`reads a ${ink} square on ${background} as light ink on black`, async () => {
      const pixels = await pixelsFromPng(await square(background, ink), shape);
      expect(pixels).toHaveLength(64);
      expect(pixels[0]).toBeCloseTo(0, 1);
      expect(pixels[4 * 8 + 4]).toBeCloseTo(1, 1);
    });
  }

  it('reads colour for a model with three channels', async () => {
    expect(await pixelsFromPng(await square('black', 'red'), { ...shape, channels: 3 })).toHaveLength(192);
  });

  it('refuses a file that is no image', async () => {
    await expect(pixelsFromPng(Buffer.from('hello'), shape)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    await expect(pixelsFromPng(new Uint8Array(), shape)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
