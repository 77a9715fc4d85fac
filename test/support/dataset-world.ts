import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { startSaga, type StartRequest } from '../../src/client/start.ts';
import { waitClosed } from '../../src/client/wait.ts';
import { resolveConnections } from '../../src/config.ts';
import { DATASET_BUILD, type DatasetBuildResult } from '../../src/contracts/dataset-build.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { PublishedDataset } from '../../src/contracts/published-dataset.ts';
import { cli, makeDataDir, type CliOptions, type Said } from './cli.ts';
import { startImageSource, type ImageSource } from './image-source.ts';
import { KeptWorker } from './nas-worker.ts';
import { startOwnServers, type OwnServers } from './own-servers.ts';

/** Servers, a worker in a process of its own, and a source of images that it may fetch from. */
export interface DatasetWorld {
  readonly servers: OwnServers;
  readonly cerebros: Cerebros;
  readonly source: ImageSource;
  /** What builds may read. */
  readonly root: string;
  /** Beside the root. */
  readonly outside: string;
  readonly artifactsDir: string;
  worker(): KeptWorker;
  /** Acts while no worker runs; the one before was killed. */
  withoutWorker<T>(act: () => Promise<T>): Promise<T>;
  cli(args: readonly string[], options?: CliOptions): Promise<Said>;
  /** Its answer as JSON. Throws when it exits with another code. */
  ask<T>(args: readonly string[], options?: AskOptions): Promise<T>;
  /** Starts a build; does not wait. */
  start(id: string, input: object, more?: Partial<StartRequest>): Promise<void>;
  /** Starts a build and waits until it has closed. */
  build(id: string, input: object, more?: Partial<StartRequest>): Promise<SagaRun>;
  stop(): Promise<void>;
}

type AskOptions = CliOptions & {
  /** Default 0. */
  readonly code?: number;
};

/** Of one build, in ms. */
const BUILD_MS = 60_000;

interface WorldOptions {
  /** What the worker may fetch from besides the source. */
  readonly allow?: readonly string[];
  /** Default: in a data dir of its own. */
  readonly artifactsDir?: string;
}

export async function startDatasetWorld({ allow = [], artifactsDir }: WorldOptions = {}): Promise<DatasetWorld> {
  const dataDir = makeDataDir();
  const [root, outside] = [join(dataDir, 'root'), join(dataDir, 'outside')];
  for (const dir of [root, outside]) mkdirSync(dir);
  const [servers, source] = await Promise.all([startOwnServers(), startImageSource()]);
  const env = { TEMPORAL_ADDRESS: servers.address, DATABASE_URL: servers.databaseUrl, CEREBROS_DATA_DIR: dataDir };
  const settings = {
    ...(artifactsDir === undefined ? {} : { CEREBROS_ARTIFACTS_DIR: artifactsDir }),
    CEREBROS_DATASET_ROOTS: root,
    CEREBROS_DATASET_ALLOW: [source.host, ...allow].join(','),
  };
  let worker = new KeptWorker({ ...env, ...settings });
  const cerebros = connect({ connections: resolveConnections({}, { ...env, XDG_CONFIG_HOME: '/nonexistent' }) });
  const run: DatasetWorld['cli'] = (args, options = {}) => cli(args, { ...options, env: { ...env, ...options.env } });
  const start: DatasetWorld['start'] = async (id, input, more = {}) => {
    await startSaga(cerebros, { kind: DATASET_BUILD, id, input, ...more });
  };
  return {
    servers,
    cerebros,
    source,
    root,
    outside,
    artifactsDir: artifactsDir ?? join(dataDir, 'artifacts'),
    worker: () => worker,
    withoutWorker: async (act) => {
      await worker.stop();
      try {
        return await act();
      } finally {
        worker = new KeptWorker({ ...env, ...settings });
      }
    },
    cli: run,
    ask: async <T>(args: readonly string[], { code = 0, ...options }: AskOptions = {}) =>
      answerOf(args, code, await run(args, options)) as T,
    start,
    build: async (id, input, more) => {
      await start(id, input, more);
      return waitClosed(cerebros, id, { timeout_ms: BUILD_MS });
    },
    stop: async () => {
      source.release();
      await worker.stop();
      await Promise.all([cerebros.close(), source.close()]);
      await servers.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Throws when the run has not completed. */
export function resultOf(run: SagaRun): DatasetBuildResult {
  if (run.status !== 'completed') throw new Error(`expected ${run.id} to be completed, it is ${run.status}: ${JSON.stringify(run.error)}`);
  return run.result as unknown as DatasetBuildResult;
}

/** The files below a folder, relative to it, sorted; none when there is no folder. */
export function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted();
}

/** `dataset.json` of a version. */
export function published({ artifactsDir }: DatasetWorld, name: string, version: number): PublishedDataset {
  return JSON.parse(readFileSync(join(artifactsDir, 'datasets', name, String(version), 'dataset.json'), 'utf8')) as PublishedDataset;
}

/** The lines of a JSONL file that are whole; none when it is not there. */
export function jsonLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as T);
}

function answerOf(args: readonly string[], code: number, said: Said): unknown {
  if (said.code === code && said.json !== undefined) return said.json;
  throw new Error(
    `cerebros ${args.join(' ')}: expected JSON and exit ${code}, got ${said.code}\n${said.stdout.slice(-2000)}${said.stderr}`,
  );
}
