import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cerebros } from '../../src/client/connect.ts';
import { describeRun } from '../../src/client/describe.ts';
import { viewRun, type RunView } from '../../src/client/progress.ts';
import { startJobOwnerRig, type JobOwnerRig } from '../support/job-owner-rig.ts';
import { until } from '../support/until.ts';

let jobs: JobOwnerRig;
let cerebros: Cerebros;
beforeAll(async () => {
  jobs = await startJobOwnerRig();
  cerebros = jobs.connect();
});
afterAll(async () => {
  await cerebros.close();
  await jobs.stop();
});

const shows = (id: string, fits: (view: RunView) => boolean): Promise<RunView> =>
  until(async () => [await viewRun(cerebros, id)].find(fits), 20_000, `the awaited progress of ${id}`);

describe('the progress of a step that waits for a job', () => {
  it('is what the job keeps in its memo, with what its activities heartbeat, and is read with no worker up too', async () => {
    const id = await jobs.start();
    const view = await shows(id, ({ reports: [report] }) => report?.fraction === 0.35);
    // Two steps weigh the same, and of the first 20 + 5 + 10 of 100 are done.
    expect(view.progress).toMatchObject({ progress: 17.5, current_step: 'build', running_tasks: 1 });
    expect(view.reports).toEqual([{ step_idx: 0, fraction: 0.35, note: '20 images' }]);
    await until(async () => (await jobs.rig.rows(id)).steps[0]?.status === 'running');
    await jobs.stopSagas();
    expect(await viewRun(cerebros, id)).toMatchObject({ progress: view.progress, reports: view.reports });
    await jobs.serveSagas();
  });

  it('is at most whole, whatever the job says', async () => {
    const id = await jobs.start({ memo: { done: 99, total: 100, note: 'nearly' } });
    const { reports, progress } = await shows(id, ({ reports: [report] }) => report?.fraction === 1);
    expect(reports).toEqual([{ step_idx: 0, fraction: 1, note: 'nearly' }]);
    expect(progress.progress).toBe(50);
  });

  it('is nothing for a job under another id than the step says', async () => {
    const id = await jobs.start({ suffix: 'other' });
    await until(async () => (await describeRun(cerebros, `${id}.other`))?.raw.pendingActivities?.length === 2);
    const { progress, reports } = await shows(id, (view) => view.progress.current_step === 'build');
    expect({ progress: progress.progress, reports }).toEqual({ progress: 0, reports: [] });
  });

  it('ends at 100 with the run', async () => {
    const id = await jobs.start();
    await shows(id, ({ reports: [report] }) => report?.fraction === 0.35);
    jobs.open();
    const { progress, reports } = await shows(id, (view) => view.progress.status === 'completed');
    expect({ progress: progress.progress, reports }).toEqual({ progress: 100, reports: [] });
  });
});
