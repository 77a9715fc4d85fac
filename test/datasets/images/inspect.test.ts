import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ImageRules } from '../../../src/contracts/dataset-build.ts';
import { inspectImage } from '../../../src/datasets/images/inspect.ts';
import { cut, defaultRules, picture, pngChunk, pngClaiming, scratched } from './crafted-images.ts';

const SCRIPT = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>alert(1)</script><rect width="9" height="9"/></svg>';

async function dropOf(bytes: Buffer | Promise<Buffer>, rules: Partial<ImageRules> = {}): Promise<{ code: string; message: string }> {
  const inspection = await inspectImage(await bytes, { ...defaultRules, ...rules });
  return 'drop' in inspection ? inspection.drop : { code: 'TAKEN', message: JSON.stringify(inspection.image) };
}

describe('an image that is fine', () => {
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const) {
    it(`is taken as ${format} with its size`, async () => {
      const inspection = await inspectImage(await picture(60, 48).toFormat(format).toBuffer(), defaultRules);
      const phash = expect.stringMatching(/^[0-9a-f]{64}$/);
      const thumbnail = expect.stringMatching(/^[0-9a-f]{128}$/);
      expect(inspection).toEqual({ image: { format, width: 60, height: 48, channels: 3, phash, thumbnail } });
    });
  }

  it('may be in grey, in 16 bits, in CMYK, with transparency, interlaced or progressive', async () => {
    const files = await Promise.all([
      picture(40, 40).toColourspace('b-w').png().toBuffer(),
      picture(40, 40).toColourspace('rgb16').png().toBuffer(),
      picture(40, 40).toColourspace('cmyk').jpeg().toBuffer(),
      picture(40, 40).ensureAlpha(0.9).png().toBuffer(),
      picture(40, 40).png({ progressive: true }).toBuffer(),
      picture(40, 40).jpeg({ progressive: true }).toBuffer(),
    ]);
    const codes = await Promise.all(files.map(async (file) => (await dropOf(file)).code));
    expect(codes).toEqual(files.map(() => 'TAKEN'));
  });

  it('may have metadata that no one understands, and bytes after its end', async () => {
    const png = await picture(40, 40).png().toBuffer();
    const headerEnd = 8 + 25;
    const profile = pngChunk('iCCP', Buffer.from('x\0\0no profile'));
    const odd = Buffer.concat([png.subarray(0, headerEnd), profile, png.subarray(headerEnd), Buffer.from('trailing')]);
    expect(await dropOf(odd)).toMatchObject({ code: 'TAKEN' });
    const jpeg = await picture(40, 40).jpeg().toBuffer();
    expect(await dropOf(Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(4), jpeg.subarray(-2)]))).toMatchObject({ code: 'TAKEN' });
  });
});

describe('a file that is no image', () => {
  const cases: readonly [name: string, bytes: Buffer, code: string, got: string][] = [
    ['a page named .png', Buffer.from('<!DOCTYPE html>\n<html><body>404</body></html>'), 'FORMAT_NOT_ALLOWED', 'HTML'],
    ['a page behind a comment', Buffer.from('\ufeff <!-- x --><html lang="en">'), 'FORMAT_NOT_ALLOWED', 'HTML'],
    ['an SVG with a script', Buffer.from(SCRIPT), 'FORMAT_NOT_ALLOWED', 'SVG'],
    [
      'an SVG behind a prolog',
      Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg><!-- ${'x'.repeat(500)} -->${SCRIPT}`),
      'FORMAT_NOT_ALLOWED',
      'SVG',
    ],
    ['an SVG in UTF-16', Buffer.from(`\ufeff${SCRIPT}`, 'utf16le'), 'FORMAT_NOT_ALLOWED', 'SVG'],
    ['an SVG that begins as an AVIF does', Buffer.from(`<!--ftypavif-->${SCRIPT}`), 'FORMAT_NOT_ALLOWED', 'SVG'],
    ['an SVG that is compressed', Buffer.from('1f8b0800', 'hex'), 'FORMAT_NOT_ALLOWED', 'gzip'],
    ['a PDF', Buffer.from('%PDF-1.7\n%âãÏÓ'), 'FORMAT_NOT_ALLOWED', 'PDF'],
    ['PostScript', Buffer.from('%!PS-Adobe-3.0 EPSF-3.0'), 'FORMAT_NOT_ALLOWED', 'PostScript'],
    ['a BMP', Buffer.from('BM\x36\x10\0\0\0\0\0\0\x36\0\0\0', 'latin1'), 'FORMAT_NOT_ALLOWED', 'BMP'],
    ['an iPhone photo', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'FORMAT_NOT_ALLOWED', 'HEIC'],
    ['a video', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isomiso2', 'latin1'), 'FORMAT_NOT_ALLOWED', 'video'],
    ['text', Buffer.from('BMW is no bitmap'), 'NOT_AN_IMAGE', 'text'],
    ['JSON', Buffer.from('{"error": "not found"}'), 'NOT_AN_IMAGE', 'text'],
    ['bytes of no kind', Buffer.from('00ff13370042', 'hex'), 'NOT_AN_IMAGE', 'unknown bytes'],
    ['nothing', Buffer.alloc(0), 'NOT_AN_IMAGE', 'an empty file'],
  ];
  it.each(cases)('is refused when it is %s', async (_name, bytes, code, got) => {
    const drop = await dropOf(bytes);
    expect(drop.code).toBe(code);
    expect(drop.message).toContain(`got ${got}`);
  });

  it('is refused when it is an image of a format that the rules leave out', async () => {
    const drop = await dropOf(picture(40, 40).gif().toBuffer(), { formats: ['png', 'jpeg'] });
    expect(drop).toEqual({
      code: 'FORMAT_NOT_ALLOWED',
      message: 'Expected one of png, jpeg (validate.formats), got gif by the first bytes.',
    });
  });

  it('never reaches a renderer of SVG, whatever raster image it begins as', async () => {
    const starts = [
      'GIF89a',
      '\x89PNG\r\n\x1a\n',
      '\xff\xd8\xff',
      'RIFF\0\0\0\0WEBP',
      'RIFFaaaaWEBPVP8 ',
      'II*\0',
      'MM\0*',
      '\0\0\0\x20ftypavif',
    ];
    for (const start of starts) {
      const drop = await dropOf(Buffer.concat([Buffer.from(start, 'latin1'), Buffer.from(SCRIPT)]));
      expect(drop.code, start).toBe('TRUNCATED');
      expect(drop.message, start).not.toMatch(/svg|xml|rsvg/i);
    }
  });
});

describe('an image beyond the limits', () => {
  const cases: readonly [name: string, bytes: () => Promise<Buffer>, code: string, got: string][] = [
    ['it has 1.6 billion pixels', async () => pngClaiming(40_000, 40_000), 'TOO_MANY_PIXELS', 'got 40000×40000 pixels'],
    ['its size is beyond 32 bits', async () => pngClaiming(900_000, 900_000), 'TOO_MANY_PIXELS', 'got 900000×900000 pixels'],
    ['one side is too long', async () => pngClaiming(10_001, 600), 'TOO_LONG_SIDE', 'got 10001×600 pixels'],
    ['it is one pixel', () => picture(1, 1).png().toBuffer(), 'TOO_SMALL', 'got 1×1 pixels'],
    ['it is a line', () => picture(1000, 7).png().toBuffer(), 'TOO_SMALL', 'got 1000×7 pixels'],
    ['its sides are 1 to 100', () => picture(10, 1000).png().toBuffer(), 'ASPECT', 'got 10×1000 pixels'],
  ];
  it.each(cases)('is refused when %s', async (_name, bytes, code, got) => {
    const drop = await dropOf(bytes());
    expect(drop.code).toBe(code);
    expect(drop.message).toContain(got);
  });

  it('is refused by its header, without memory for its pixels', async () => {
    const bomb = pngClaiming(40_000, 40_000);
    await dropOf(bomb);
    const before = process.memoryUsage().rss;
    for (let turn = 0; turn < 50; turn++) await dropOf(bomb);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it('is taken when it is just within them', async () => {
    const rules = { min_side: 30, max_side: 90, max_pixels: 2700, max_aspect: 3 };
    expect((await dropOf(picture(90, 30).png().toBuffer(), rules)).code).toBe('TAKEN');
    expect((await dropOf(picture(90, 30).png().toBuffer(), { ...rules, max_pixels: 2699 })).code).toBe('TOO_MANY_PIXELS');
    expect((await dropOf(picture(90, 30).png().toBuffer(), { ...rules, max_aspect: 2.9 })).code).toBe('ASPECT');
  });
});

describe('an image with several pictures', () => {
  it('is refused as animated GIF, animated WebP or TIFF of several pages', async () => {
    const frames = [1, 2, 3].map((seed) => picture(32, 32, seed).png().toBuffer());
    const join = sharp(await Promise.all(frames), { join: { animated: true } });
    for (const format of ['gif', 'webp', 'tiff'] as const) {
      const drop = await dropOf(join.clone().toFormat(format).toBuffer());
      expect(drop, format).toEqual({ code: 'ANIMATED', message: 'Expected one picture, got a file of 3 frames or pages.' });
    }
  });
});

describe('an image that is damaged', () => {
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const) {
    it.each([0.05, 0.5, 0.97])(`is refused when only %f of the ${format} came`, async (part) => {
      const whole = await picture(200, 150).toFormat(format).toBuffer();
      const drop = await dropOf(cut(whole, part));
      expect(drop.code).toBe('TRUNCATED');
      expect(drop.message).toMatch(new RegExp(`^Expected a whole ${format} file, got \\d+ bytes that are cut off or damaged \\(.+\\)\\.$`));
    });
  }

  for (const format of ['png', 'jpeg', 'gif'] as const) {
    it(`is refused when bytes in the middle of a ${format} are others`, async () => {
      expect((await dropOf(scratched(await picture(200, 150).toFormat(format).toBuffer()))).code).toBe('TRUNCATED');
    });
  }
});

describe('an image without content', () => {
  const flat = (background: string) => sharp({ create: { width: 40, height: 40, channels: 4, background } });
  it.each([
    ['white', flat('#ffffff')],
    ['one colour', flat('#336699')],
    ['transparent', flat('#00000000')],
    ['white on a transparent ground', flat('#ffffff80')],
  ])('is blank when it is %s', async (_name, image) => {
    expect(await dropOf(image.png().toBuffer())).toEqual({
      code: 'BLANK',
      message: 'Expected grey values that deviate by at least 1 (validate.min_deviation), got 0.00.',
    });
  });

  it('is taken when the rules ask for no deviation', async () => {
    expect((await dropOf(flat('#ffffff').png().toBuffer(), { min_deviation: 0 })).code).toBe('TAKEN');
  });
});
