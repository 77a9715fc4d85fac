import type { DatasetLimit, ImageShape } from '../../contracts/training-spec.ts';

/** Part of a dataset: images as bytes, one label each. */
export interface Split {
  readonly count: number;
  /** Class of each image, from 0. */
  readonly labels: Uint8Array;
  /**
   * Writes whole images, scaled to [0, 1], into `target` until it is full.
   *
   * @param pick - the image of this split that goes into row `row` of the target.
   */
  copyPixels(target: Float32Array, pick: (row: number) => number): void;
}

/** Names of the parts. `validation` steers training and search; `test` is scored once, at the end. */
export type SplitName = 'train' | 'validation' | 'test';

/** What is known of a dataset without loading it. */
export interface DatasetInfo {
  readonly id: string;
  readonly title: string;
  readonly licence: string;
  readonly source: string;
  readonly input: ImageShape;
  readonly classes: number;
  /** Their names, in order; a dataset without names has numbers from 0. */
  readonly labels?: readonly string[];
  /** Images in each split when no limit is set. */
  readonly sizes: Readonly<Record<SplitName, number>>;
  /** SHA-256 of each file, by name; checked before use. */
  readonly sha256s: Readonly<Record<string, string>>;
}

/** A loaded dataset. */
export interface Dataset {
  readonly info: DatasetInfo;
  /** Names the exact content: files, split and limit. */
  readonly sha256: string;
  readonly limit: DatasetLimit | null;
  readonly splits: Readonly<Record<SplitName, Split>>;
}

/** Raw content of a dataset before it is split. */
export interface RawImages {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  /** Bytes per image. */
  readonly size: number;
  /** Byte that means full ink. */
  readonly white: number;
}

/** A split over raw images: row `i` is image `rows[i]`, or `rows + i` when `rows` is a number. */
export function createSplit(raw: RawImages, rows: Uint32Array | number, count: number): Split {
  const { pixels, size, white } = raw;
  const at = typeof rows === 'number' ? (row: number) => rows + row : (row: number) => rows[row] ?? 0;
  const labels = Uint8Array.from({ length: count }, (_, row) => raw.labels[at(row)] ?? 0);
  // Images stay bytes (a quarter of the memory) and are scaled as they are copied into a batch.
  const scaled = Float32Array.from({ length: 256 }, (_, byte) => byte / white);
  return {
    count,
    labels,
    copyPixels(target, pick) {
      for (let row = 0, out = 0; out < target.length; row++) {
        const start = at(pick(row)) * size;
        for (let i = 0; i < size; i++) target[out++] = scaled[pixels[start + i] ?? 0] ?? 0;
      }
    },
  };
}
