import type { DatasetBuildInput, PixelShape, SplitName } from './dataset-build.ts';

/** `dataset.json` in the folder of a published version. */
export interface PublishedDataset {
  readonly name: string;
  /** From 1. */
  readonly version: number;
  /** Names the content: of the manifest's hash, the classes and the shape of the pixels. */
  readonly sha256: string;
  readonly manifest_sha256: string;
  /** Labels in order; a class's index is its place here. Empty when the images have no labels. */
  readonly classes: readonly string[];
  /** Null: there are no pixels to train with. */
  readonly pixels: PixelShape | null;
  readonly images: number;
  /** Of all images as they were found. */
  readonly bytes: number;
  readonly counts: { readonly [split in SplitName]: SplitCounts };
  /** SHA-256 of the files under `pixels/`, by their path in the folder. */
  readonly files: { readonly [path: string]: string };
  /** The run that published it. */
  readonly created_by: string;
  readonly spec: DatasetBuildInput;
}

export interface SplitCounts {
  readonly images: number;
  /** Images by class, every class named. */
  readonly classes: { readonly [label: string]: number };
}

/** `name@version`, or a name alone, which stands for its newest version. */
export interface DatasetReference {
  readonly name: string;
  readonly version: number | null;
}

const REFERENCE = /^([a-z0-9][a-z0-9._-]{0,63})(?:@([1-9]\d{0,8}))?$/;

/** Undefined when the text is no such reference. */
export function parseDatasetReference(text: string): DatasetReference | undefined {
  const [, name, version] = REFERENCE.exec(text) ?? [];
  return name === undefined ? undefined : { name, version: version === undefined ? null : Number(version) };
}

/** How trainings and people name a version. */
export function datasetId(name: string, version: number): string {
  return `${name}@${version}`;
}
