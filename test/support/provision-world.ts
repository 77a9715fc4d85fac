import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { truthOf } from '../../src/cli/demo/cloud-emulated.ts';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { listResources } from '../../src/client/provision/resources.ts';
import { startSaga } from '../../src/client/start.ts';
import { waitClosed } from '../../src/client/wait.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import { seedDefaultVpcs } from '../../src/cloud/emulator/seed.ts';
import { resolveConnections } from '../../src/config.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { PROVISION } from '../../src/contracts/provision.ts';
import { cli, makeDataDir, ROOT, type Said } from './cli.ts';
import { KeptWorker } from './nas-worker.ts';
import { startOwnServers, type OwnServers } from './own-servers.ts';

/** Servers, a worker in a process of its own, and a cloud that it may use. */
export interface ProvisionWorld {
  readonly servers: OwnServers;
  readonly cerebros: Cerebros;
  readonly cloud: Emulator;
  readonly worker: KeptWorker;
  /** Starts a run; does not wait. */
  start(id: string, input: object): Promise<void>;
  /** Starts a run and waits until it has closed. */
  run(id: string, input: object): Promise<SagaRun>;
  closed(id: string): Promise<SagaRun>;
  cli(args: readonly string[]): Promise<Said>;
  /** What there is in the cloud, without what was there before: `type id`, sorted. */
  truth(): string[];
  /** What there is by the ledger. */
  ledger(): Promise<string[]>;
  /** Forgets the calls that were made so far: a test that waits for its turn shows nothing. */
  fillBudget(): Promise<void>;
  stop(): Promise<void>;
}

const RUN_MS = 60_000;

/** The stack of the example, under another name. */
export function exampleStack(stack: string): object {
  return { ...(parse(readFileSync(join(ROOT, 'examples/provision-stack.yaml'), 'utf8')) as object), stack };
}

export async function startProvisionWorld(token: string): Promise<ProvisionWorld> {
  const dataDir = makeDataDir();
  const [servers, cloud] = await Promise.all([
    startOwnServers(),
    createEmulator({ limits: { requests_per_minute: 100_000, requests_per_hour: 100_000 } }),
  ]);
  await seedDefaultVpcs(cloud);
  const env = { TEMPORAL_ADDRESS: servers.address, DATABASE_URL: servers.databaseUrl, CEREBROS_DATA_DIR: dataDir };
  const settings = { CEREBROS_CLOUD_URL: cloud.url, CEREBROS_CLOUD_TOKEN: token, CEREBROS_CLOUD_GAP_MS: '1000' };
  const worker = new KeptWorker({ ...env, ...settings });
  const cerebros = connect({ connections: resolveConnections({}, { ...env, XDG_CONFIG_HOME: '/nonexistent' }) });
  const start: ProvisionWorld['start'] = async (id, input) => void (await startSaga(cerebros, { kind: PROVISION, id, input }));
  const closed: ProvisionWorld['closed'] = (id) => waitClosed(cerebros, id, { timeout_ms: RUN_MS });
  return {
    servers,
    cerebros,
    cloud,
    worker,
    start,
    closed,
    run: async (id, input) => {
      await start(id, input);
      return closed(id);
    },
    cli: (args) => cli(args, { env }),
    truth: () => truthOf(cloud),
    ledger: async () => (await listResources(cerebros)).map(({ type, provider_id }) => `${type} ${provider_id}`).toSorted(),
    fillBudget: async () => {
      const sql = await cerebros.ledger();
      await sql`delete from cloud_call_budgets`;
    },
    stop: async () => {
      await worker.stop();
      await Promise.all([cerebros.close(), cloud.close()]);
      await servers.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
