import { definePlan } from './plan.ts';

/** Input of the kind `dataset-build`, defaults filled in. Ranges: `contracts/dataset-build-schema.ts`. */
export interface DatasetBuildInput {
  /** Name of the dataset; its versions are `<name>@1`, `<name>@2` … */
  readonly dataset: string;
  readonly sources: readonly ImageSource[];
  readonly download: DownloadRules;
  readonly validate: ImageRules;
  readonly deduplicate: DuplicateRules;
  readonly label: LabelRules;
  readonly splits: SplitShares;
  /** The shape of the pixels that trainings get; images of another shape are resized for them. Default: as they are, which must then be one shape. */
  readonly pixels?: PixelShape | undefined;
  /** Decides the splits. Default 0. */
  readonly seed: number;
  /** Says in the dataset card where the images come from and who may use them. */
  readonly description: string;
  readonly licence: string;
}

/** What all sources may say of their images; a manifest's own line counts more. */
interface SourceOptions {
  /** Label of all its images. Default: by the rule in `label`. */
  readonly label?: string | undefined;
  /** Split of all its images. Default: drawn by the seed. */
  readonly split?: SplitName | undefined;
}

/** Paths are on the worker, below one of its `CEREBROS_DATASET_ROOTS`; a list, manifest or archive may also be at a URL. */
export type ImageSource = SourceOptions &
  (
    | { readonly type: 'folder'; readonly path: string }
    /** `path` is a text file with one URL a line. */
    | { readonly type: 'urls'; readonly urls?: readonly string[] | undefined; readonly path?: string | undefined }
    /** JSONL or CSV, by its ending; columns `url` or `path` (relative to the manifest), and optionally `label`, `split`, `sha256`. */
    | { readonly type: 'manifest'; readonly path: string }
    /** .zip, .tar, .tar.gz or .tgz. */
    | { readonly type: 'archive'; readonly path: string; readonly sha256?: string | undefined }
    /** Unsigned bytes: images [count, height, width], labels [count]. */
    | { readonly type: 'idx'; readonly images: string; readonly labels?: string | undefined }
  );

export interface DownloadRules {
  /** Requests at a time in one batch. Default 8. */
  readonly concurrency: number;
  /** Bound of one request with its redirects, in seconds. Default 30. */
  readonly timeout_s: number;
  /** Largest image, in bytes. Default 20 MiB. */
  readonly max_bytes: number;
  /** Largest list, manifest or archive, in bytes. Default 4 GiB. */
  readonly max_source_bytes: number;
  /** Default 3. */
  readonly max_redirects: number;
  /** Retries of one item after 1 s, 2 s, 4 s …, or when `Retry-After` says. Default 4. */
  readonly max_retries: number;
  /** The build halts when more than this share of the items could not be had. Default 0.1. */
  readonly max_failed_fraction: number;
}

export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' | 'avif';

export interface ImageRules {
  /** Default: all. */
  readonly formats: readonly ImageFormat[];
  /** Shortest side, in pixels. Default 8. */
  readonly min_side: number;
  /** Longest side, in pixels. Default 10,000. */
  readonly max_side: number;
  /** Width times height; looked at before anything is decoded. Default 40 million. */
  readonly max_pixels: number;
  /** Longer side over shorter side. Default 20. */
  readonly max_aspect: number;
  /** Images whose standard deviation of grey values, 0 to 255, is below this are blank. Default 1. */
  readonly min_deviation: number;
  /** The build halts when more than this share of the downloaded images is no image. Default 0.5. */
  readonly max_failed_fraction: number;
}

export interface DuplicateRules {
  /**
   * Images whose perceptual hashes of 256 bits differ in at most this many bits, and whose thumbnails agree, are one image
   * (docs/decisions/0012). 0 to 32; null: only equal files are one. Default 16.
   */
  readonly near_threshold: number | null;
}

export interface LabelRules {
  /** `path`: the folder an image is in (of a URL too); `given`: what manifest, IDX or source say; `none`: the dataset has no labels. Default: given, else path. */
  readonly from: 'given_or_path' | 'given' | 'path' | 'none';
  /** From a label as found to the label in the dataset; null drops the image. Labels it does not name are an error of the image. Default: as they are. */
  readonly map?: { readonly [found: string]: string | null } | undefined;
  /** The same map as JSON at a path on the worker or a URL. */
  readonly map_path?: string | undefined;
}

export type SplitName = 'train' | 'validation' | 'test';
export const SPLIT_NAMES = ['train', 'validation', 'test'] as const satisfies readonly SplitName[];

/** Parts of 1; together 1. */
export type SplitShares = { readonly [split in SplitName]: number };

export interface PixelShape {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: RGB. */
  readonly channels: 1 | 3;
}

export const DATASET_BUILD = 'dataset-build';

const MINUTE = 60_000;

/** Five steps; the first two are jobs that go through the items in batches. */
export const datasetBuildPlan = definePlan(DATASET_BUILD, [
  { name: 'download', task_type: 'datasetStage', label: 'download the images', estimated_duration_s: 60, undo: {} },
  { name: 'validate', task_type: 'datasetStage', label: 'decode each image', needs: ['download'], estimated_duration_s: 20, undo: {} },
  {
    name: 'deduplicate',
    label: 'find duplicates',
    needs: ['validate'],
    timeout_ms: 30 * MINUTE,
    estimated_duration_s: 5,
    undo: {},
  },
  { name: 'label', label: 'label each image', needs: ['deduplicate'], timeout_ms: 30 * MINUTE, estimated_duration_s: 2, undo: {} },
  {
    name: 'store',
    label: 'publish the dataset',
    needs: ['label'],
    timeout_ms: 60 * MINUTE,
    estimated_duration_s: 10,
    undo: { timeout_ms: 30 * MINUTE },
  },
]);

/** The stages that are jobs of batches. */
export type BatchStage = 'download' | 'validate';

/** Why an item is not in the dataset; `code` is what reports count by. */
export interface Drop {
  readonly code: string;
  readonly message: string;
}

/** One image of a source, as `items.jsonl` in the folder of the build lists it. `n` counts from 0 without gaps. */
export interface DatasetItem {
  readonly n: number;
  /** Index in `sources`. */
  readonly source: number;
  /** Where it is, as people read it: a URL, a path, `archive.zip!/7/12.png`, `images.idx#12`. */
  readonly uri: string;
  /** How it is had: over HTTP, from a file on the worker, or it is in the build's blobs already. */
  readonly from: { readonly url: string } | { readonly file: string } | { readonly blob: string; readonly bytes: number } | null;
  readonly label: string | null;
  readonly split: SplitName | null;
  /** Expected hash of its bytes, in hex. */
  readonly sha256: string | null;
  /** It was refused while its source was read; `from` is then null. */
  readonly drop?: Drop;
}

/** Lines of `download/b00012.jsonl`. */
export type DownloadLine =
  | { readonly n: number; readonly sha256: string; readonly bytes: number }
  | { readonly n: number; readonly drop: Drop };

/** Lines of `validate/b00012.jsonl`, of what was downloaded. */
export type ValidateLine = { readonly n: number; readonly image: ImageFacts } | { readonly n: number; readonly drop: Drop };

/** What decoding an image tells. */
export interface ImageFacts {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Perceptual hash of 256 bits, in 64 hex digits. */
  readonly phash: string;
  /** 8×8 grey values by row, stretched to 0 … 255, in 128 hex digits. */
  readonly thumbnail: string;
}

/** Files of one content that came with labels that contradict each other. */
export interface LabelConflict {
  readonly sha256: string;
  /** Sorted. */
  readonly labels: readonly string[];
}

/** What went in and came out of a stage; `in = out + dropped`, and the reasons add up to `dropped`. */
export interface StageCounts {
  readonly in: number;
  readonly out: number;
  readonly dropped: number;
  /** Dropped items by code. */
  readonly reasons: { readonly [code: string]: number };
  /** Bytes that came out. */
  readonly bytes: number;
}

/** Result of a build: the version that was published, or the one that had the same content. */
export interface DatasetBuildResult {
  readonly dataset: string;
  readonly version: number;
  /** `<name>@<version>`, as trainings take it. */
  readonly dataset_id: string;
  readonly sha256: string;
  /** False when an earlier build had published the same content. */
  readonly created: boolean;
  readonly images: number;
  readonly classes: readonly string[];
  readonly splits: { readonly [split in SplitName]: number };
  /** The quality report as a page and as JSON: paths in the folder of artifacts. */
  readonly report: string;
  readonly report_json: string;
  readonly stages: { readonly [step: string]: StageCounts };
}

/** The stages before `store`, by step. */
export type StagesBefore = { readonly [step in 'download' | 'validate' | 'deduplicate' | 'label']: StageCounts };

interface OfBuild {
  readonly build_id: string;
}

/** The activities of the steps that are no jobs, and all undos. Each may be run again at any time. */
export interface DatasetBuildActivities {
  deduplicate(input: OfBuild): Promise<StageCounts>;
  labelImages(input: OfBuild): Promise<StageCounts>;
  storeDataset(input: OfBuild & { readonly stages: StagesBefore }): Promise<DatasetBuildResult>;
  /** Before a recovery only what failed is forgotten, so that it is tried again; else the folder of the build is removed. */
  discardDownload(input: OfBuild & { readonly why: string }): Promise<null>;
  discardValidate(input: OfBuild): Promise<null>;
  discardDuplicates(input: OfBuild): Promise<null>;
  discardLabels(input: OfBuild): Promise<null>;
  /** Takes the version back that this build has published; nothing else. */
  discardDataset(input: OfBuild): Promise<null>;
}
