import sharp, { type OverlayOptions } from 'sharp';
import { escapeHtml } from './html.ts';
import { blobPath, type PublishRow, type StorePath } from './publish-row.ts';

/** Images shown of a class. */
const COLUMNS = 10;
/** Classes shown. */
const ROWS_MAX = 24;
const TILE = 72;
const GAP = 6;
const LABEL_WIDTH = 184;
const FONT_PX = 15;
/** Characters of a label that fit beside its images. */
const LABEL_CHARACTERS = 16;

/** A PNG with up to 10 images of each class, a row for each class, at most 24 classes; the rest is counted below. */
export async function contactSheet(rows: readonly PublishRow[], classes: readonly string[], store: StorePath): Promise<Uint8Array> {
  const groups = groupsOf(rows, classes).slice(0, ROWS_MAX);
  const columns = Math.min(COLUMNS, Math.max(...groups.map(({ images }) => images.length)));
  const left = Math.max(0, classes.length - ROWS_MAX);
  const width = LABEL_WIDTH + columns * (TILE + GAP) + GAP;
  const height = GAP + groups.length * (TILE + GAP) + (left > 0 ? TILE / 2 : 0);
  const tiles = [];
  for (const [row, { images }] of groups.entries()) tiles.push(...(await tilesOf(images.slice(0, COLUMNS), row, store)));
  const sheet = sharp({ create: { width, height, channels: 3, background: '#ffffff' } });
  return sheet
    .composite([{ input: Buffer.from(captions(groups, left, { width, height })) }, ...tiles])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

interface Group {
  readonly label: string;
  readonly images: readonly PublishRow[];
}

function groupsOf(rows: readonly PublishRow[], classes: readonly string[]): Group[] {
  if (classes.length === 0) return [{ label: '(no labels)', images: rows }];
  const byLabel = new Map<string | null, PublishRow[]>(classes.map((label) => [label, []]));
  for (const row of rows) byLabel.get(row.label)?.push(row);
  return classes.map((label) => ({ label, images: byLabel.get(label) ?? [] }));
}

async function tilesOf(images: readonly PublishRow[], row: number, store: StorePath): Promise<OverlayOptions[]> {
  return Promise.all(
    images.map(async (image, column) => ({
      input: await tile(image, store),
      left: LABEL_WIDTH + column * (TILE + GAP),
      top: GAP + row * (TILE + GAP),
    })),
  );
}

/** The whole image in a square; small ones are enlarged so that their pixels can be seen. */
async function tile(row: PublishRow, store: StorePath): Promise<Buffer> {
  const small = Math.max(row.width, row.height) < TILE;
  return sharp(await blobPath(row, store), { limitInputPixels: row.width * row.height, failOn: 'none' })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize(TILE, TILE, { fit: 'contain', background: '#e8e8ec', kernel: small ? 'nearest' : 'lanczos3' })
    .png()
    .toBuffer();
}

function captions(groups: readonly Group[], left: number, { width, height }: { readonly width: number; readonly height: number }): string {
  const texts = groups.map(({ label, images }, row) => {
    const y = GAP + row * (TILE + GAP) + TILE / 2;
    const count = images.length === 1 ? '1 image' : `${images.length.toLocaleString('en-US')} images`;
    return `<text x="12" y="${y - 3}" font-weight="bold">${escapeHtml(shortened(label))}</text><text x="12" y="${y + 17}" fill="#60646c">${count}</text>`;
  });
  const more = left > 0 ? `<text x="12" y="${height - GAP - 10}" fill="#60646c">and ${left} more classes</text>` : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, Arial, sans-serif" font-size="${FONT_PX}" fill="#1c2024">${texts.join('')}${more}</svg>`;
}

function shortened(label: string): string {
  const characters = [...label];
  return characters.length <= LABEL_CHARACTERS ? label : `${characters.slice(0, LABEL_CHARACTERS - 1).join('')}…`;
}
