import { describe, expect, it } from 'vitest';
import { foldRows } from '../../../src/client/history/from-rows.ts';
import { planRecover, planRollback } from '../../../src/client/reentry.ts';
import type { SagaRun, SagaStepRow, StepStatus } from '../../../src/contracts/ledger.ts';
import { formatVersion } from '../../../src/contracts/version.ts';

const NOW = '2026-01-01T00:00:00.000Z';

function step(step_idx: number, status: StepStatus): SagaStepRow {
  const times = { queued_at: NOW, started_at: NOW, completed_at: NOW, compensated_at: null, wakes_at: null };
  const how = { attempts: 1, worker_id: 'w', activity_id: null, estimated_duration_s: null, version: 0 };
  return {
    saga_id: 'r',
    step_idx,
    step_name: `s${step_idx}`,
    task_type: 't',
    needs: [],
    status,
    output: step_idx,
    error: null,
    ...times,
    ...how,
  };
}

function row(status: SagaRun['status'], statuses: readonly StepStatus[]): SagaRun {
  const steps = statuses.map((each, idx) => step(idx, each));
  const ids = { id: 'r', run_id: 'run', root_run_id: 'root', kind: 'proof', job_id: 'r', parent_id: null };
  const facts = { inputs: {}, context: {}, result: null, metadata: {}, cancel_requested: false, error: null, current_step_idx: 1 };
  const counts = { recovery_attempts: 0, max_recovery_attempts: 3, version: formatVersion({ run_no: 2, history_length: 9, n: 0 }) };
  const plan = steps.map(({ step_name }) => ({ name: step_name }));
  return { ...ids, ...facts, ...counts, status, plan, created_at: NOW, started_at: NOW, completed_at: NOW, steps };
}

describe('a run whose history is gone', () => {
  it('is rolled back from its rows, with the run that had not ended taken as terminated', () => {
    const planned = planRollback(foldRows(row('running', ['completed', 'running', 'pending'])));
    expect(planned).toMatchObject({
      preview: { undone: [{ step_idx: 0 }, { step_idx: 1 }] },
      start: { reentry: { mode: 'rollback', run_no: 3, root_run_id: 'root', error: { reason: 'terminated' } } },
    });
  });

  it('is recovered from its rows when it was halted', () => {
    const planned = planRecover(foldRows(row('halted', ['completed', 'failed', 'pending'])), 1);
    expect(planned).toMatchObject({
      start: {
        reentry: {
          mode: 'recover',
          from_step: 1,
          steps: [
            { step_idx: 0, status: 'completed', output: 0 },
            { step_idx: 1, status: 'failed' },
          ],
        },
      },
    });
  });

  it('is left alone when it had completed', () => {
    expect(planRollback(foldRows(row('completed', ['completed'])))).toMatchObject({ refusal: { code: 'REFUSED' } });
  });
});
