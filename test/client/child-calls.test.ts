import { once } from 'node:events';
import { Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { describeRun } from '../../src/client/describe.ts';
import { viewRun, type RunView } from '../../src/client/progress.ts';
import { resolveConnections } from '../../src/config.ts';
import { definePlan } from '../../src/contracts/plan.ts';
import type { JobOwnerInput, WorkActivities } from '../support/job-owner.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';

const plan = definePlan('jobOwner', [{ name: 'build' }, { name: 'publish', needs: ['build'] }]);

let rig: Rig;
let cerebros: Cerebros;
let stopSagas: () => Promise<void>;
let stopWork: () => Promise<void>;
/** Lets the activities of all jobs end. */
const gate = new EventTarget();
let opened = false;

beforeAll(async () => {
  rig = await startRig({ worker: false });
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  cerebros = connect({ connections: resolveConnections({ address, database_url: rig.databaseUrl, data_dir: '/nowhere' }, {}) });
  stopSagas = (await rig.serve()).stop;
  stopWork = await serveWork(address);
});
afterAll(async () => {
  open();
  await stopSagas();
  await stopWork();
  await cerebros.close();
  await rig.stop();
});

function open(): void {
  opened = true;
  gate.dispatchEvent(new Event('open'));
}

async function serveWork(address: string): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address });
  const activities: WorkActivities = {
    work: async (done) => {
      Context.current().heartbeat({ done, total: 10 });
      if (!opened) await once(gate, 'open');
    },
  };
  const worker = await Worker.create({ connection, taskQueue: `${rig.taskQueue}-work`, activities, maxHeartbeatThrottleInterval: '100ms' });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

async function started(given: Partial<JobOwnerInput>): Promise<string> {
  const memo = { done: 20, total: 100, note: '20 images' };
  const input: JobOwnerInput = { memo, beats: [5, 10], queue: `${rig.taskQueue}-work`, suffix: 'build', ...given };
  return (await rig.startWorkflow('jobOwner', plan, [input])).workflowId;
}

const shows = (id: string, fits: (view: RunView) => boolean): Promise<RunView> =>
  until(async () => [await viewRun(cerebros, id)].find(fits), 20_000, `the awaited progress of ${id}`);

describe('the progress of a step that waits for a job', () => {
  it('is what the job keeps in its memo, with what its activities heartbeat, and is read with no worker up too', async () => {
    const id = await started({});
    const view = await shows(id, ({ reports: [report] }) => report?.fraction === 0.35);
    // Two steps weigh the same, and of the first 20 + 5 + 10 of 100 are done.
    expect(view.progress).toMatchObject({ progress: 17.5, current_step: 'build', running_tasks: 1 });
    expect(view.reports).toEqual([{ step_idx: 0, fraction: 0.35, note: '20 images' }]);
    await until(async () => (await rig.rows(id)).steps[0]?.status === 'running');
    await stopSagas();
    expect(await viewRun(cerebros, id)).toMatchObject({ progress: view.progress, reports: view.reports });
    stopSagas = (await rig.serve()).stop;
  });

  it('is at most whole, whatever the job says', async () => {
    const id = await started({ memo: { done: 99, total: 100, note: 'nearly' } });
    const { reports, progress } = await shows(id, ({ reports: [report] }) => report?.fraction === 1);
    expect(reports).toEqual([{ step_idx: 0, fraction: 1, note: 'nearly' }]);
    expect(progress.progress).toBe(50);
  });

  it('is nothing for a job under another id than the step says', async () => {
    const id = await started({ suffix: 'other' });
    await until(async () => (await describeRun(cerebros, `${id}.other`))?.raw.pendingActivities?.length === 2);
    const { progress, reports } = await shows(id, (view) => view.progress.current_step === 'build');
    expect({ progress: progress.progress, reports }).toEqual({ progress: 0, reports: [] });
  });

  it('ends at 100 with the run', async () => {
    const id = await started({});
    await shows(id, ({ progress }) => progress.progress > 10);
    open();
    const { progress, reports } = await shows(id, (view) => view.progress.status === 'completed');
    expect({ progress: progress.progress, reports }).toEqual({ progress: 100, reports: [] });
  });
});
