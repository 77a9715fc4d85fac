import type { DatasetItem, DownloadRules, Drop, SplitName } from '../../contracts/dataset-build.ts';
import type { Roots } from './roots.ts';

/** Fetches what is at a URL into a file, which appears whole or not at all in a folder that exists. */
export type FetchToFile = (
  url: string,
  file: string,
  options: FetchToFileOptions,
) => Promise<{ readonly bytes: number; readonly sha256: string }>;

interface FetchToFileOptions {
  readonly maxBytes: number;
  /** Expected hash, in hex; null: any. */
  readonly sha256: string | null;
  readonly signal: AbortSignal;
  /** Called as bytes come. */
  readonly onProgress: () => void;
}

export type SourceLimits = Pick<DownloadRules, 'max_bytes' | 'max_source_bytes'>;

/** What the reading of a source needs. */
export interface SourceContext {
  readonly roots: Roots;
  /** Of the build. */
  readonly folder: string;
  readonly fetchToFile: FetchToFile;
  readonly limits: SourceLimits;
  readonly signal: AbortSignal;
  /** Called whenever something moved. */
  readonly onProgress: () => void;
}

/** An item as its source knows it. */
export interface FoundItem {
  readonly uri: string;
  readonly from: DatasetItem['from'];
  readonly label?: string | undefined;
  readonly split?: SplitName | undefined;
  readonly sha256?: string | undefined;
  readonly drop?: Drop;
}

/** An item that was refused while its source was read. */
export function refused(uri: string, code: string, message: string): FoundItem {
  return { uri, from: null, drop: { code, message } };
}
