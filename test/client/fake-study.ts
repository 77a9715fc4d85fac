import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { studyEnqueueUpdate, studyExtendUpdate, studyParallelUpdate, studyQuery, studyStopUpdate } from '../../src/contracts/messages.ts';
import type { StudyView } from '../../src/contracts/nas-search.ts';

/** Stands in for the study of a search: takes its edits and tells where it stands; ends when it is stopped. */
export async function fakeStudy(search_id: string): Promise<void> {
  const trials = { started: 7, completed: 4, pruned: 1, failed: 0, cancelled: 0, running: 2, waiting: 0 };
  let view: StudyView = { search_id, status: 'running', parallel: 2, max_trials: 20, trials, best: null, epochs_trained: 13 };
  const change = (parts: Partial<StudyView>): StudyView => (view = { ...view, ...parts });
  setHandler(studyQuery, () => view);
  setHandler(studyExtendUpdate, ({ max_trials }) => change({ max_trials }), {
    validator: ({ max_trials }) => {
      if (max_trials < trials.started) throw ApplicationFailure.nonRetryable(`7 trials are started, got ${max_trials}`, 'REFUSED');
    },
  });
  setHandler(studyParallelUpdate, ({ parallel }) => change({ parallel }));
  setHandler(studyEnqueueUpdate, ({ params }) => change({ best: { number: 8, params, value: 0.5, epochs: 1, param_count: 1 } }));
  setHandler(studyStopUpdate, () => change({ status: 'draining' }));
  await condition(() => view.status === 'draining');
}

/** Stands in for a run that is open until it is cancelled. */
export async function fakeRun(): Promise<void> {
  await condition(() => false);
}
