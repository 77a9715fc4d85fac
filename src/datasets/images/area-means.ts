import type { GreyImage } from './grey-image.ts';

/** An image in `side`×`side` fields of equal size, by row, each the mean of what it covers; also of an image that is smaller. */
export function areaMeans({ pixels, width, height }: GreyImage, side: number): Float64Array {
  const narrow = shrinkRows(pixels, { width, height }, side);
  return transposed(shrinkRows(transposed(narrow, side, height), { width: height, height: side }, side), side, side);
}

/** The columns of a matrix of `height` rows as rows. */
export function transposed(values: Float64Array, width: number, height: number): Float64Array {
  const result = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[x * height + y] = values[y * width + x] ?? 0;
  }
  return result;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Each row as `fields` means; a value on a border counts for both sides by its parts. */
function shrinkRows(values: Uint8Array | Float64Array, { width, height }: Size, fields: number): Float64Array {
  const means = new Float64Array(fields * height);
  for (let y = 0; y < height; y++) {
    for (let field = 0; field < fields; field++) {
      means[y * fields + field] = meanOf(values, {
        row: y * width,
        width,
        from: (field * width) / fields,
        to: ((field + 1) * width) / fields,
      });
    }
  }
  return means;
}

interface Span {
  readonly row: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
}

function meanOf(values: Uint8Array | Float64Array, { row, width, from, to }: Span): number {
  let sum = 0;
  for (let x = Math.floor(from); x < to && x < width; x++) {
    sum += (Math.min(to, x + 1) - Math.max(from, x)) * (values[row + x] ?? 0);
  }
  return sum / (to - from);
}
