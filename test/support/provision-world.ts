import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { truthOf } from '../../src/cli/demo/cloud-emulated.ts';
import { decide, listApprovals } from '../../src/client/approvals.ts';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { listResources } from '../../src/client/provision/resources.ts';
import { startSaga } from '../../src/client/start.ts';
import { waitClosed } from '../../src/client/wait.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { EmulatorOptions } from '../../src/cloud/emulator/options.ts';
import { seedDefaultVpcs } from '../../src/cloud/emulator/seed.ts';
import { resolveConnections } from '../../src/config.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { PROVISION } from '../../src/contracts/provision.ts';
import { checkTraffic } from './checked-traffic.ts';
import { loadDescription } from './cloud-description.ts';
import { cli, makeDataDir, ROOT, type Said } from './cli.ts';
import { KeptWorker } from './nas-worker.ts';
import { until } from './until.ts';
import { startOwnServers, type OwnServers } from './own-servers.ts';

type Emulated = ReturnType<Emulator['truth']>['resources']['droplets'][number];

/** Servers, a worker in a process of its own, and a cloud that it may use. */
export interface ProvisionWorld {
  readonly servers: OwnServers;
  readonly cerebros: Cerebros;
  readonly cloud: Emulator;
  readonly worker: KeptWorker;
  /** A folder that goes with it. */
  readonly dir: string;
  /** What its worker is set up with, for another beside it. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts a run; does not wait. */
  start(id: string, input: object): Promise<void>;
  /** Starts a run and waits until it has closed. */
  run(id: string, input: object): Promise<SagaRun>;
  closed(id: string): Promise<SagaRun>;
  /** Waits until a run asks people, and agrees or not. */
  decide(id: string, decision: 'approved' | 'rejected'): Promise<void>;
  cli(args: readonly string[]): Promise<Said>;
  /** What there is in the cloud, without what was there before: `type id`, sorted. */
  truth(): string[];
  /** What there is by the ledger. */
  ledger(): Promise<string[]>;
  /** The droplet of a stack, as it is: those made at the same time come in any order. */
  droplet(stack: string, name: string): Promise<Emulated>;
  /** Forgets the calls that were made so far: a test that waits for its turn shows nothing. */
  fillBudget(): Promise<void>;
  stop(): Promise<void>;
}

const RUN_MS = 60_000;
const UNLIMITED: EmulatorOptions = { limits: { requests_per_minute: 100_000, requests_per_hour: 100_000 } };

/** The stack of the example, under another name. */
export function exampleStack(stack: string): object {
  return { ...(parse(readFileSync(join(ROOT, 'examples/provision-stack.yaml'), 'utf8')) as object), stack };
}

/** By default its token may call without end. `more` is what its worker is set up with besides. */
export async function startProvisionWorld(
  token: string,
  cloudOptions: EmulatorOptions = UNLIMITED,
  more: Readonly<Record<string, string>> = {},
): Promise<ProvisionWorld> {
  const dataDir = makeDataDir();
  const [servers, cloud] = await Promise.all([startOwnServers(), createEmulator(cloudOptions)]);
  await seedDefaultVpcs(cloud);
  const env = { TEMPORAL_ADDRESS: servers.address, DATABASE_URL: servers.databaseUrl, CEREBROS_DATA_DIR: dataDir };
  // With the official description at hand, all that passes is held against it.
  const description = loadDescription();
  const traffic = description && (await checkTraffic(cloud.url, description, () => cloud.faults().scripts.length > 0));
  const settings = { CEREBROS_CLOUD_URL: traffic?.url ?? cloud.url, CEREBROS_CLOUD_TOKEN: token, CEREBROS_CLOUD_GAP_MS: '1000' };
  const workerEnv = { ...env, ...settings, ...more };
  const worker = new KeptWorker(workerEnv);
  const cerebros = connect({ connections: resolveConnections({}, { ...env, XDG_CONFIG_HOME: '/nonexistent' }) });
  const start: ProvisionWorld['start'] = async (id, input) => void (await startSaga(cerebros, { kind: PROVISION, id, input }));
  const closed: ProvisionWorld['closed'] = (id) => waitClosed(cerebros, id, { timeout_ms: RUN_MS });
  return {
    servers,
    cerebros,
    cloud,
    worker,
    dir: dataDir,
    env: workerEnv,
    start,
    closed,
    decide: async (id, decision) => {
      await until(async () => (await listApprovals(cerebros, { saga_id: id })).length > 0, RUN_MS, `an approval of ${id}`);
      await decide(cerebros, id, 'approve', { decision, by: 'olga' });
    },
    run: async (id, input) => {
      await start(id, input);
      return closed(id);
    },
    cli: (args) => cli(args, { env }),
    truth: () => truthOf(cloud),
    ledger: async () => (await listResources(cerebros)).map(({ type, provider_id }) => `${type} ${provider_id}`).toSorted(),
    droplet: async (stack, name) => {
      const row = (await listResources(cerebros, stack)).find(({ urn }) => urn.endsWith(`:droplet:${name}`));
      const found = cloud.truth().resources.droplets.find(({ id }) => String(id) === row?.provider_id);
      if (!found) throw new Error(`expected a droplet ${name} of ${stack}, found none`);
      return found;
    },
    fillBudget: async () => {
      const sql = await cerebros.ledger();
      await sql`delete from cloud_call_budgets`;
    },
    stop: async () => {
      await worker.stop();
      await Promise.all([cerebros.close(), cloud.close()]);
      await servers.stop();
      rmSync(dataDir, { recursive: true, force: true });
      traffic?.close();
      if (traffic) process.stderr.write(`${traffic.exchanges()} exchanges were held against the official description\n`);
      expect([...new Set(traffic?.mismatches())]).toEqual([]);
    },
  };
}
