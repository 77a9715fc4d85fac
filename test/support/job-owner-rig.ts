import { once } from 'node:events';
import { Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import { definePlan } from '../../src/contracts/plan.ts';
import type { JobOwnerInput, WorkActivities } from './job-owner.ts';
import { startRig, type Rig } from './rig.ts';

/** A rig whose sagas wait for jobs. */
export interface JobOwnerRig {
  readonly rig: Rig;
  /** A client of it, as commands have; to be closed by who opened it. */
  connect(): Cerebros;
  /** Starts one: by default 20 of 100 are done, and two activities heartbeat 5 and 10. Answers its id. */
  start(given?: Partial<JobOwnerInput>): Promise<string>;
  /** Lets the activities of all jobs end. */
  open(): void;
  /** Stops and starts the worker of the sagas. */
  stopSagas(): Promise<void>;
  serveSagas(): Promise<void>;
  stop(): Promise<void>;
}

const plan = definePlan('jobOwner', [{ name: 'build' }, { name: 'publish', needs: ['build'] }]);

export async function startJobOwnerRig(): Promise<JobOwnerRig> {
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  const rig = await startRig({ worker: false });
  const queue = `${rig.taskQueue}-work`;
  let sagas = await rig.serve();
  const work = await serveWork(address, queue);
  return {
    rig,
    connect: () => connect({ connections: resolveConnections({ address, database_url: rig.databaseUrl, data_dir: '/nowhere' }, {}) }),
    start: async (given = {}) => {
      const input: JobOwnerInput = { memo: { done: 20, total: 100, note: '20 images' }, beats: [5, 10], queue, suffix: 'build', ...given };
      return (await rig.startWorkflow('jobOwner', plan, [input])).workflowId;
    },
    open: work.open,
    stopSagas: () => sagas.stop(),
    serveSagas: async () => void (sagas = await rig.serve()),
    stop: async () => {
      work.open();
      await sagas.stop();
      await work.stop();
      await rig.stop();
    },
  };
}

async function serveWork(address: string, taskQueue: string): Promise<{ open(): void; stop(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address });
  const gate = new EventTarget();
  let opened = false;
  const activities: WorkActivities = {
    work: async (done) => {
      Context.current().heartbeat({ done, total: 10 });
      if (!opened) await once(gate, 'open');
    },
  };
  const worker = await Worker.create({ connection, taskQueue, activities, maxHeartbeatThrottleInterval: '100ms' });
  const running = worker.run();
  return {
    open: () => {
      opened = true;
      gate.dispatchEvent(new Event('open'));
    },
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
