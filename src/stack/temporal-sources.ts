import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { findOnPath } from './find-on-path.ts';
import { runCommand } from './run-command.ts';
import type { CommandResult } from './run-command.ts';

const DOWNLOAD_TIMEOUT_MS = 20_000;
const GO_INSTALL_TIMEOUT_MS = 15 * 60_000;
const PROGRESS_EVERY_MS = 5000;
const STAGING_AGE_MS_MAX = 24 * 60 * 60_000;
/** The newest version that `go install` accepts: later ones carry a `replace` directive. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** What a fetcher may use. */
export interface FetchContext {
  readonly env: NodeJS.ProcessEnv;
  /** A fetcher works in a folder of its own below it, since two processes may fetch at once. */
  readonly cacheDir: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** One way to get Temporal's executable from elsewhere. */
export interface BinaryFetcher {
  /** As in "the SDK's download". */
  readonly name: string;
  /** Puts a complete executable at `target` in one step (a rename). Returns null, or why it could not. */
  fetch(target: string, context: FetchContext): Promise<string | null>;
}

/**
 * Temporal's SDK downloads the CLI when it starts a test server, and offers the download no other way; so one is started and
 * stopped. In a child process: the call cannot be cancelled, and a blocked network would hold it far longer than 20 s.
 */
const DOWNLOAD_SCRIPT = `
const { TestWorkflowEnvironment } = require(process.argv[1]);
TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: process.argv[2] } } })
  .then((environment) => environment.teardown())
  .catch((error) => { console.error(error.message); process.exitCode = 1; });`;

/** The download that comes with Temporal's SDK, given up after 20 s. */
export const sdkDownload: BinaryFetcher = {
  name: "the SDK's download",
  fetch: (target, context) =>
    inStaging(target, context, (staging) => {
      context.log("Downloading Temporal's CLI (at most 20 s) …");
      const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
      return runCommand(process.execPath, ['-e', DOWNLOAD_SCRIPT, testing, staging], {
        timeoutMs: DOWNLOAD_TIMEOUT_MS,
        // Options meant for us (an inspector's port, a loader) do harm there.
        env: { ...context.env, NODE_OPTIONS: undefined },
        signal: context.signal,
      });
    }),
};

/** `go install` of Temporal's CLI: works wherever Go's module proxy does, in 2–3 minutes. */
export const goInstall: BinaryFetcher = {
  name: 'go install',
  async fetch(target, context) {
    const go = findOnPath('go', context.env);
    if (go === null) return 'go is not on PATH';
    return inStaging(target, context, (staging) =>
      withProgress(context, () =>
        runCommand(go, ['install', GO_PACKAGE], {
          timeoutMs: GO_INSTALL_TIMEOUT_MS,
          // The build's own temporary files need more room than some /tmp has.
          env: { ...context.env, GOBIN: staging, GOTMPDIR: staging, GOOS: undefined, GOARCH: undefined },
          signal: context.signal,
        }),
      ),
    );
  },
};

async function withProgress(context: FetchContext, work: () => Promise<CommandResult>): Promise<CommandResult> {
  const startedAt = Date.now();
  context.log(`Building Temporal's CLI: go install ${GO_PACKAGE} (2–3 minutes, once) …`);
  const timer = setInterval(() => {
    context.log(`Building Temporal's CLI … ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, PROGRESS_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/**
 * Fetches into a folder of its own, then renames: a fetch that is killed leaves nothing at `target`, and of two at once the
 * last one wins with a complete file.
 */
async function inStaging(
  target: string,
  context: FetchContext,
  fetch: (staging: string) => Promise<CommandResult>,
): Promise<string | null> {
  mkdirSync(context.cacheDir, { recursive: true });
  sweepStaging(context.cacheDir);
  const staging = mkdtempSync(join(context.cacheDir, 'staging-'));
  try {
    const { output, problem } = await fetch(staging);
    if (problem !== null) return [problem, lastLine(output)].filter((part) => part !== '').join(': ');
    const executable = findExecutable(staging);
    if (executable === null) return 'it ended well but left no executable';
    chmodSync(executable, 0o755);
    renameSync(executable, target);
    return null;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The SDK names its file after its own version, Go after the command: the largest file is the executable. */
function findExecutable(staging: string): string | null {
  const files = readdirSync(staging, { recursive: true, encoding: 'utf8' })
    .map((name) => join(staging, name))
    .filter((file) => statSync(file).isFile())
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
  return files[0] ?? null;
}

/** Removes what killed fetches left, once it is too old to belong to a running one. */
function sweepStaging(cacheDir: string): void {
  for (const name of readdirSync(cacheDir).filter((entry) => entry.startsWith('staging-'))) {
    const folder = join(cacheDir, name);
    const changedAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - changedAt > STAGING_AGE_MS_MAX) rmSync(folder, { recursive: true, force: true });
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
