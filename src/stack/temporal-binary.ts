import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../contracts/user-error.ts';
import { findOnPath } from './find-on-path.ts';
import { throwIfInterrupted } from './interrupted.ts';
import { runCommand } from './run-command.ts';
import { goInstall, sdkDownload } from './temporal-sources.ts';
import type { BinaryFetcher, FetchContext } from './temporal-sources.ts';

const VERSION_TIMEOUT_MS = 10_000;

/** Where to look; `fetchers` default to the SDK's download and `go install`. */
export interface BinarySearch extends FetchContext {
  readonly fetchers?: readonly BinaryFetcher[];
}

/**
 * The path of a Temporal executable that runs: from PATH, from the cache, or fetched into the cache. Throws `NO_TEMPORAL`, saying
 * what was tried and what can be done. Fetching can take minutes; `signal` ends it.
 */
export async function findTemporalBinary(search: BinarySearch): Promise<string> {
  const tried: string[] = [];
  const onPath = findOnPath('temporal', search.env);
  if (onPath !== null) {
    const problem = await problemOf(onPath);
    if (problem === null) return onPath;
    note(search, tried, `PATH: ${onPath} does not run (${problem})`);
  } else tried.push('PATH: no executable named temporal');

  const cached = join(search.cacheDir, 'temporal');
  const cacheProblem = await cachedProblem(cached);
  if (cacheProblem === null) return cached;
  if (cacheProblem === 'empty') tried.push(`cache: ${cached} does not exist`);
  else note(search, tried, `cache: ${cached} did not run (${cacheProblem}) and was removed`);

  for (const fetcher of search.fetchers ?? [sdkDownload, goInstall]) {
    throwIfInterrupted(search.signal, 'looking for Temporal');
    const problem = (await fetchProblem(fetcher, cached, search)) ?? (await problemOf(cached));
    if (problem === null) return cached;
    note(search, tried, `${fetcher.name}: ${problem}`);
  }
  throwIfInterrupted(search.signal, 'looking for Temporal');
  throw noTemporal(tried, cached);
}

/** A full disk or a cache that cannot be written makes a fetcher throw; the next may still do. */
async function fetchProblem(fetcher: BinaryFetcher, target: string, context: FetchContext): Promise<string | null> {
  try {
    return await fetcher.fetch(target, context);
  } catch (error) {
    return String(error);
  }
}

/** Why the cached executable cannot be used, `empty` when there is none. A broken one is removed, or it would stay for ever. */
async function cachedProblem(file: string): Promise<string | null> {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return 'empty';
  const problem = await problemOf(file);
  if (problem !== null) rmSync(file, { recursive: true, force: true });
  return problem;
}

async function problemOf(file: string): Promise<string | null> {
  const version = await runCommand(file, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  if (version.problem !== null) return version.problem;
  return version.output.includes('temporal version') ? null : `--version printed ${JSON.stringify(version.output.slice(0, 80))}`;
}

function note(search: BinarySearch, tried: string[], line: string): void {
  tried.push(line);
  search.log(line);
}

function noTemporal(tried: readonly string[], cached: string): UserError {
  const list = tried.map((line) => `  - ${line}`).join('\n');
  return new UserError('NO_TEMPORAL', `No Temporal server was found, and none could be fetched. Tried:\n${list}`, {
    hint: [
      'Do one of these, then run again:',
      '  - set TEMPORAL_ADDRESS to a server that runs',
      "  - install Temporal's CLI, so that `temporal` is on PATH (https://docs.temporal.io/cli)",
      `  - put its executable at ${cached}`,
      '  - connect to the network, for the download',
      '  - install Go (https://go.dev/dl), for `go install`',
    ].join('\n'),
    exitCode: 3,
  });
}
