import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import { datasetBuildInputSchema } from '../../../src/contracts/dataset-build-schema.ts';
import type { DownloadRules } from '../../../src/contracts/dataset-build.ts';
import { createFetcher } from '../../../src/datasets/fetch/fetcher.ts';
import type { Fetcher } from '../../../src/datasets/fetch/fetcher.ts';
import { startFaultyServer } from './faulty-server.ts';
import type { FaultyServer } from './faulty-server.ts';

/** A faulty server for each test, and fetchers that wait only on paper. */
export interface FetchRig {
  readonly server: FaultyServer;
  /** How long each wait between tries would have been, in milliseconds. */
  readonly waits: number[];
  /** Allows the server, unless told otherwise; rules are the defaults where not given. */
  fetcher(options?: FetcherOptions): Fetcher;
}

interface FetcherOptions {
  readonly allow?: readonly string[];
  readonly rules?: Partial<DownloadRules>;
  readonly lookup?: LookupFunction;
}

/** Never fires. */
export const untilDone: AbortSignal = new AbortController().signal;

const defaults = datasetBuildInputSchema.parse({ dataset: 'any', sources: [{ type: 'folder', path: '.' }] }).download as DownloadRules;

/** Call it once in a `describe`; what it returns is fresh in each test. */
export function useFetchRig(): FetchRig {
  let server: FaultyServer;
  const waits: number[] = [];
  const fetchers: Fetcher[] = [];
  beforeEach(async () => {
    server = await startFaultyServer();
    waits.length = 0;
  });
  afterEach(async () => {
    for (const fetcher of fetchers.splice(0)) fetcher.close();
    await server.close();
  });
  return {
    get server() {
      return server;
    },
    waits,
    fetcher: ({ allow = [server.host], rules = {}, ...dependencies } = {}) => {
      const wait = (ms: number): Promise<void> => {
        waits.push(ms);
        return Promise.resolve();
      };
      const fetcher = createFetcher({ allow, rules: { ...defaults, ...rules }, wait, ...dependencies });
      fetchers.push(fetcher);
      return fetcher;
    },
  };
}

/** A resolver that knows one answer, and how often it was asked. */
export function stubLookup(...addresses: readonly string[]): { readonly lookup: LookupFunction; readonly asked: string[] } {
  const asked: string[] = [];
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return {
    asked,
    lookup: (hostname, options, callback) => {
      asked.push(hostname);
      if (options.all === true) return callback(null, found);
      callback(null, found[0]?.address ?? '', found[0]?.family);
    },
  };
}
