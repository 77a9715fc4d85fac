import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/config.ts';
import { withLedger } from '../../src/ledger/connection.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { claimPorts } from '../../src/stack/ports.ts';
import { startPostgres, type RunningPostgres } from '../../src/stack/postgres-server.ts';
import { findTemporalBinary } from '../../src/stack/temporal-binary.ts';
import { startTemporal, type RunningTemporal } from '../../src/stack/temporal-server.ts';

/** A Temporal and a Postgres of a test's own, to be killed, frozen and started again where they were. */
export interface OwnServers {
  readonly address: string;
  readonly databaseUrl: string;
  /** SIGKILL; answers once the process is gone. */
  killTemporal(): Promise<void>;
  /** SIGKILL to Postgres and its children. */
  killPostgres(): Promise<void>;
  /** SIGSTOP to Postgres and its children: connections stay, and nothing answers. */
  freezePostgres(): void;
  thawPostgres(): void;
  /** On the same files and port. */
  startTemporal(): Promise<void>;
  startPostgres(): Promise<void>;
  stop(): Promise<void>;
}

export async function startOwnServers(): Promise<OwnServers> {
  const dataDir = mkdtempSync('/var/tmp/cerebros-servers-');
  chmodSync(dataDir, 0o755);
  const { cache_dir: cacheDir } = loadSettings(process.env);
  const portOf = await claimPorts({ '--port': 'auto', '--ui-port': 'auto', '--ledger-port': 'auto' });
  const executable = await findTemporalBinary({ log: () => undefined, env: process.env, cacheDir });
  const common = { dataDir, cacheDir, env: process.env };
  const bootTemporal = (): Promise<RunningTemporal> =>
    startTemporal({ ...common, executable, namespace: 'default', port: portOf('--port'), uiPort: portOf('--ui-port') });
  const bootPostgres = (): Promise<RunningPostgres> => startPostgres({ ...common, port: portOf('--ledger-port') });
  let [temporal, postgres] = await Promise.all([bootTemporal(), bootPostgres()]);
  await withLedger(postgres.databaseUrl, migrate);
  return {
    address: temporal.address,
    databaseUrl: postgres.databaseUrl,
    killTemporal: () => kill(temporal),
    killPostgres: () => kill(postgres),
    freezePostgres: () => signalAll(postgres.pid, 'SIGSTOP'),
    thawPostgres: () => signalAll(postgres.pid, 'SIGCONT'),
    startTemporal: async () => void (temporal = await bootTemporal()),
    startPostgres: async () => void (postgres = await bootPostgres()),
    stop: async () => {
      signalAll(postgres.pid, 'SIGCONT');
      await Promise.all([temporal.stop(), postgres.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function kill(server: RunningTemporal | RunningPostgres): Promise<void> {
  signalAll(server.pid, 'SIGKILL');
  await server.ended;
}

/** The process first, so that it makes no more children. One that has ended meanwhile does not mind. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  const children = childrenOf(pid);
  trySignal(pid, signal);
  for (const child of new Set([...children, ...childrenOf(pid)])) trySignal(child, signal);
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(join('/proc', String(pid), 'task', String(pid), 'children'), 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
