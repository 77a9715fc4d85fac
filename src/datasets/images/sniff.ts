import type { ImageFormat } from '../../contracts/dataset-build.ts';

/** What the first bytes of a file say it is. */
export type Sniffed =
  /** A format that can be decoded here. */
  | { readonly format: ImageFormat }
  /** Something well known that is never decoded. */
  | { readonly other: string }
  /** Nothing that is known by its first bytes. */
  | { readonly unknown: string };

/**
 * Tells by the first bytes, never by a name, what a file is. No decoder runs: what is no `format` must not reach one, since some
 * renderers (SVG) fetch and execute.
 */
export function sniff(bytes: Buffer): Sniffed {
  if (bytes.length === 0) return { unknown: 'an empty file' };
  const raster = RASTER.find(({ matches }) => matches(bytes));
  if (raster !== undefined) return { format: raster.format };
  const other = OTHER.find(({ matches }) => matches(bytes));
  if (other !== undefined) return { other: other.name };
  return isobmff(bytes) ?? text(bytes);
}

const RASTER: readonly { readonly format: ImageFormat; readonly matches: (bytes: Buffer) => boolean }[] = [
  { format: 'png', matches: (bytes) => starts(bytes, '\x89PNG\r\n\x1a\n') },
  { format: 'jpeg', matches: (bytes) => starts(bytes, '\xff\xd8\xff') },
  { format: 'gif', matches: (bytes) => starts(bytes, 'GIF87a') || starts(bytes, 'GIF89a') },
  { format: 'webp', matches: (bytes) => starts(bytes, 'RIFF') && starts(bytes.subarray(8), 'WEBP') },
  // Little and big endian, and both for files over 4 GiB.
  { format: 'tiff', matches: (bytes) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => starts(bytes, magic)) },
];

const OTHER: readonly { readonly name: string; readonly matches: (bytes: Buffer) => boolean }[] = [
  { name: 'PDF', matches: (bytes) => starts(bytes, '%PDF-') },
  { name: 'PostScript', matches: (bytes) => starts(bytes, '%!PS') },
  { name: 'BMP', matches: (bytes) => starts(bytes, 'BM') && starts(bytes.subarray(6), '\0\0\0\0') },
  { name: 'ICO', matches: (bytes) => starts(bytes, '\0\0\x01\0') },
  { name: 'Photoshop', matches: (bytes) => starts(bytes, '8BPS') },
  { name: 'JPEG XL', matches: (bytes) => starts(bytes, '\xff\x0a') || starts(bytes.subarray(4), 'JXL ') },
  { name: 'JPEG 2000', matches: (bytes) => starts(bytes.subarray(4), 'jP  ') },
  { name: 'gzip', matches: (bytes) => starts(bytes, '\x1f\x8b') },
  { name: 'ZIP', matches: (bytes) => starts(bytes, 'PK\x03\x04') },
];

/** A file of boxes as MP4 is: AVIF, HEIC, a video. */
function isobmff(bytes: Buffer): Sniffed | undefined {
  if (bytes.length < 16 || bytes.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const boxBytes = bytes.readUInt32BE(0);
  // An SVG may begin with the comment `<!--ftypavif`, which as a length is 960 MB.
  if (boxBytes < 16 || boxBytes > MAX_FTYP_BYTES) return undefined;
  const brands = bytes.toString('latin1', 8, Math.min(boxBytes, bytes.length));
  if (/avi[fs]/.test(brands)) return { format: 'avif' };
  return { other: /hei[cxms]|hev[cx]|mif1|msf1/.test(brands) ? 'HEIC' : 'video' };
}

const MAX_FTYP_BYTES = 1024;
const TEXT_BYTES = 4096;

function text(bytes: Buffer): Sniffed {
  const start = decoded(bytes.subarray(0, TEXT_BYTES)).trimStart();
  if (/<(?:[a-z0-9]+:)?svg[\s>/]/i.test(start)) return { other: 'SVG' };
  if (/^(?:<!--[^]*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|title|meta|div|h1|p)\b/i.test(start)) return { other: 'HTML' };
  if (start.startsWith('<?xml')) return { other: 'XML' };
  // oxlint-disable-next-line no-control-regex -- bytes that text does not have are what is looked for
  return { unknown: /[\0-\x08\x0e-\x1a\x7f\ufffd]/.test(start.slice(0, 512)) ? 'unknown bytes' : 'text' };
}

function decoded(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function starts(bytes: Buffer, magic: string): boolean {
  return bytes.toString('latin1', 0, magic.length) === magic;
}
