import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { showRun } from '../../src/client/show.ts';
import { resolveConnections } from '../../src/config.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { RECONCILE, type Reconciled } from '../../src/contracts/reconcile.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { makeDataDir } from './cli.ts';
import { EffectsFile } from './effects-file.ts';
import { KeptWorker } from './nas-worker.ts';
import { startOwnServers, type OwnServers } from './own-servers.ts';
import { serve } from './rig.ts';
import { until } from './until.ts';

/** What a worker is told that looks every second for runs that Temporal ended. Workers of tests do not look unless they are told so. */
export const RECONCILING = { CEREBROS_RECONCILE_EVERY_MS: '1000' } as const;

interface Stoppable {
  stop(): Promise<void>;
}

/** Servers, a worker of ours that reconciles, and a worker in this process that runs the workflow `scripted` on a queue of its own. */
export interface ReconcileWorld {
  readonly servers: OwnServers;
  readonly cerebros: Cerebros;
  readonly client: Client;
  readonly taskQueue: string;
  readonly effects: EffectsFile;
  readonly gate: string;
  readonly worker: KeptWorker;
  /** Starts one more worker of ours beside the first. */
  anotherWorker(): KeptWorker;
  /** Serves `scripted` on one more queue, at most until the world stops. */
  serve(taskQueue: string): Promise<Stoppable>;
  /** The run's rows once they fit. */
  becomes(id: string, fits: (run: SagaRun) => boolean): Promise<SagaRun>;
  stop(): Promise<void>;
}

export async function startReconcileWorld(): Promise<ReconcileWorld> {
  const [dataDir, dir] = [makeDataDir(), mkdtempSync(join(tmpdir(), 'cerebros-reconcile-'))];
  const servers = await startOwnServers();
  const env = { TEMPORAL_ADDRESS: servers.address, DATABASE_URL: servers.databaseUrl, CEREBROS_DATA_DIR: dataDir };
  const cerebros = connect({ connections: resolveConnections({}, { ...env, XDG_CONFIG_HOME: '/nonexistent' }) });
  const [client, sql]: [Client, Sql] = [await cerebros.temporal(), await cerebros.ledger()];
  const effects = new EffectsFile(join(dir, 'effects.jsonl'));
  const [gate, taskQueue] = [join(dir, 'gate'), `six-${randomBytes(4).toString('hex')}`];
  const start = (): KeptWorker => new KeptWorker({ ...env, ...RECONCILING });
  const workers = [start()];
  const served = new Set<Stoppable>();
  const serveQueue: ReconcileWorld['serve'] = async (queue) => {
    const serving = await serve({ address: servers.address, taskQueue: queue, sql, effects, gate });
    served.add(serving);
    return { stop: () => (served.delete(serving), serving.stop()) };
  };
  await serveQueue(taskQueue);
  return {
    servers,
    cerebros,
    client,
    taskQueue,
    effects,
    gate,
    worker: workers[0] as KeptWorker,
    anotherWorker: () => {
      const worker = start();
      workers.push(worker);
      return worker;
    },
    serve: serveQueue,
    becomes: (id, fits) => {
      const found = async (): Promise<SagaRun | undefined> => {
        const run = await showRun(cerebros, id).catch(() => undefined);
        return run && fits(run) ? run : undefined;
      };
      return until(found, 20_000, `the awaited rows of ${id}`);
    },
    stop: async () => {
      await Promise.all([...workers, ...served].map((one) => one.stop()));
      await cerebros.close();
      await servers.stop();
      for (const folder of [dataDir, dir]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the first look for runs that Temporal ended found that began after now. */
export async function nextLook(client: Client): Promise<Reconciled> {
  const [since, schedule] = [Date.now(), client.schedule.getHandle(RECONCILE.schedule_id)];
  const { workflow } = await until(
    async () => (await schedule.describe()).info.recentActions.find(({ takenAt }) => takenAt.getTime() > since)?.action,
    20_000,
    'the next look',
  );
  return client.workflow.getHandle<() => Promise<Reconciled>>(workflow.workflowId, workflow.firstExecutionRunId).result();
}

/** Resolves once Temporal lists the run as ended. */
export async function listedAsEnded(client: Client, id: string): Promise<void> {
  const query = `WorkflowId = '${id}' AND ExecutionStatus IN ('Terminated', 'TimedOut')`;
  await until(async () => (await client.workflow.count(query)).count > 0, 20_000, `${id} in the list`);
}
