import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import type { DownloadRules } from '../../contracts/dataset-build.ts';
import { createAgents } from './agents.ts';
import { createAllowList } from './allow-list.ts';
import type { FetchContext } from './context.ts';
import { fetchImage } from './fetch-image.ts';
import type { FetchedImage, ImageOptions } from './fetch-image.ts';
import { fetchToFile } from './fetch-to-file.ts';
import type { FetchedFile, FileOptions } from './fetch-to-file.ts';
import { waitOnClock } from './retries.ts';
import type { Wait } from './retries.ts';
import { createSlots } from './slots.ts';

interface FetcherDependencies {
  /** `host` or `host:port`: may be plain http, and at private addresses. */
  readonly allow: readonly string[];
  readonly rules: DownloadRules;
  /** Resolves names, as `dns.lookup` does. Default: the system's. */
  readonly lookup?: LookupFunction;
  /** How it waits between tries. Default: on the clock. */
  readonly wait?: Wait;
}

/**
 * Downloads from the public internet, and from allowed hosts; https only but for those. At most `rules.concurrency` requests are
 * made at a time, each retried and bounded as `rules` say. Codes are those of `Drop`.
 */
export interface Fetcher {
  /** One image of at most `rules.max_bytes` into memory. Throws the reason of `signal` only. */
  fetchImage(url: string, options: ImageOptions): Promise<FetchedImage>;
  /**
   * Something large to `file`, which appears whole or not at all; its folder must exist. Throws a `DatasetError`, retryable when the
   * network or the server was in trouble, the reason of `signal`, or the error of the disk.
   */
  fetchToFile(url: string, file: string, options: FileOptions): Promise<FetchedFile>;
  /** Ends its connections. */
  close(): void;
}

/** Throws `SETTING_INVALID` when an entry of `allow` is no host. */
export function createFetcher({ allow, rules, lookup, wait = waitOnClock }: FetcherDependencies): Fetcher {
  const agents = createAgents(lookup);
  const context: FetchContext = { rules, allowed: createAllowList(allow), agents, slots: createSlots(rules.concurrency), wait };
  return {
    fetchImage: (url, options) => {
      forMany(options.signal);
      return fetchImage(context, url, options);
    },
    fetchToFile: (url, file, options) => {
      forMany(options.signal);
      return fetchToFile(context, url, file, options);
    },
    close: () => agents.close(),
  };
}

/** All downloads of a batch listen to one signal; Node takes more than ten for a leak. */
function forMany(signal: AbortSignal): void {
  setMaxListeners(0, signal);
}
