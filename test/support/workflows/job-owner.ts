import { proxyActivities, upsertMemo } from '@temporalio/workflow';
import { definePlan } from '../../../src/contracts/plan.ts';
import { PROGRESS_MEMO } from '../../../src/contracts/progress.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import { runChild } from '../../../src/workflows/saga/children.ts';
import { runSaga } from '../../../src/workflows/saga/run-saga.ts';
import type { JobOwnerInput, WorkActivities } from '../job-owner.ts';

const plan = definePlan('jobOwner', [{ name: 'build' }, { name: 'publish', needs: ['build'] }]);

/** A saga whose steps each wait for a job; the first says how far it is in its memo, the heartbeats of its activities add to it. */
export async function jobOwner(input: JobOwnerInput, start?: SagaStart): Promise<null> {
  return runSaga(plan, { input, start }, async (saga) => {
    const { suffix, ...job } = input;
    await saga.step('build', () => runChild<null>('memoJob', job, `${saga.id}.${suffix}`));
    return saga.step('publish', () => runChild<null>('memoJob', { ...job, beats: [] }, `${saga.id}.publish`));
  });
}

export async function memoJob({ memo, beats, queue }: Omit<JobOwnerInput, 'suffix'>): Promise<null> {
  upsertMemo({ [PROGRESS_MEMO]: memo });
  const { work } = proxyActivities<WorkActivities>({ taskQueue: queue, startToCloseTimeout: '1 minute', heartbeatTimeout: '30 seconds' });
  await Promise.all(beats.map((done) => work(done)));
  return null;
}
