import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvalsOf, rebuildRun, rowsOf } from '../../../src/client/rebuild.ts';
import { planRollback } from '../../../src/client/reentry.ts';
import { foldHistory } from '../../../src/client/history/fold.ts';
import { summaryOf } from '../../../src/client/history/decode.ts';
import { verifyRun } from '../../../src/client/verify.ts';
import type { SagaRun, SagaStepRow, StepStatus } from '../../../src/contracts/ledger.ts';
import type { ApprovalRow } from '../../../src/contracts/step-protocol.ts';
import { listApprovalsOfRun } from '../../../src/ledger/queries/list-approvals-of-run.ts';
import { endOf, ledgerShows, statuses } from '../../support/saga-runs.ts';
import { until } from '../../support/until.ts';
import { startExternalRig, type ExternalRig, type Said, type TalkingStep } from './external-rig.ts';

let rig: ExternalRig;
let serving: { stop(): Promise<void> };
beforeAll(async () => {
  rig = await startExternalRig();
  serving = await rig.serveWorkflows();
});
afterAll(async () => {
  await serving.stop();
  await rig.stop();
});

const HOUR = 3_600_000;
const sleeps = (duration_ms = HOUR): Said => ({ status: 'SLEEP', duration_ms, data: { at: 1 } });
const asks = (more: object = {}): Said => ({ status: 'APPROVAL', approval_type: 'publish', data: { rows: 3 }, timeout_ms: HOUR, ...more });
const UNDO = { undo: { task_type: 'takeBack' } };
const decision = (more: object = {}) => ({ step: 'a', decision: 'approved', by: 'ada', comment: 'fine', decision_id: 'd1', ...more });

/** Of the kinds of times that a fold tells exactly. */
function exact({ steps }: SagaRun): readonly Partial<SagaStepRow>[] {
  return steps.map(({ step_idx, status, output, error, attempts, worker_id, activity_id, wakes_at, started_at }) => ({
    step_idx,
    status,
    output,
    error,
    wakes_at,
    ...(['sleeping', 'waiting', 'completed'].includes(status) ? { attempts, worker_id, activity_id, started_at } : {}),
  }));
}

/** The server says when a timer fired, the engine when it heard of it. */
function exactly(approvals: readonly ApprovalRow[]): readonly unknown[] {
  return approvals.map(({ version: _version, decided_at, ...row }) => ({ ...row, ...(row.status === 'timed_out' ? {} : { decided_at }) }));
}

/** What the ledger holds, which is what the history tells, and `ledger verify` says so. */
async function agreed(id: string): Promise<{ readonly run: SagaRun; readonly approvals: readonly ApprovalRow[] }> {
  const verdict = await verifyRun(rig.sources, id);
  const events = await rig.events(id);
  const run = await rig.rows(id);
  const approvals = await listApprovalsOfRun(rig.sql, id);
  expect(verdict.differences).toEqual([]);
  expect(exact(rowsOf(events, { id }))).toEqual(exact(run));
  expect(exactly(approvalsOf(events, { id }))).toEqual(exactly(approvals));
  return { run, approvals };
}

async function suspended(says: readonly Said[], status: StepStatus, more: Partial<TalkingStep> = {}) {
  const handle = await rig.start([{ name: 'a', says, ...more }]);
  await ledgerShows(rig, handle.workflowId, (run) => run.steps[0]?.status === status);
  return handle;
}

describe('ledger and history agree on', () => {
  it('two sleeps and a success', async () => {
    const handle = await rig.start([
      { name: 'a', says: [sleeps(50), sleeps(1)] },
      { name: 'b', needs: ['a'] },
    ]);
    await handle.result();
    const { run } = await agreed(handle.workflowId);
    expect(statuses(run)).toEqual(['completed', 'completed']);
    expect(run.steps[0]).toMatchObject({ activity_id: '0:a:do:3', output: { resume: [{ kind: 'sleep' }, { kind: 'sleep' }] } });
  });

  it('a sleep that is ended early', async () => {
    const handle = await suspended([sleeps()], 'sleeping');
    expect((await agreed(handle.workflowId)).run.steps[0]?.wakes_at).not.toBeNull();
    await handle.executeUpdate('wake', { args: [{ step: 'a' }] });
    await handle.result();
    await agreed(handle.workflowId);
  });

  it.each(['approved', 'rejected'])('an approval that is %s', async (status) => {
    const handle = await suspended([asks({ approvers: ['ada', 'bob'], on_timeout: 'approve' })], 'waiting');
    expect((await agreed(handle.workflowId)).approvals).toMatchObject([{ status: 'waiting', n: 1, approvers: ['ada', 'bob'] }]);
    await handle.executeUpdate('decide', { args: [decision({ decision: status })] });
    await handle.result();
    expect((await agreed(handle.workflowId)).approvals).toMatchObject([{ status, decided_by: 'ada', decision_id: 'd1' }]);
  });

  it.each([
    ['reject', 'completed'],
    ['approve', 'completed'],
    ['fail', 'failed'],
  ])('an approval that nobody gave in time, with on_timeout %s', async (on_timeout, status) => {
    const handle = await rig.start([{ name: 'a', says: [asks({ on_timeout, timeout_ms: 50 })], ...UNDO }]);
    await endOf(handle);
    const { run, approvals } = await agreed(handle.workflowId);
    expect(run.steps[0]?.status).toBe(status);
    expect(approvals).toMatchObject([{ status: 'timed_out', decided_by: null, on_timeout }]);
  });

  it('a decision and a deadline that one workflow task hears of', async () => {
    const handle = await suspended([asks({ timeout_ms: 2000, on_timeout: 'fail' })], 'waiting');
    await serving.stop();
    await until(async () => {
      const events = await rig.events(handle.workflowId);
      const timer = events.find((event) => event.timerStartedEventAttributes && summaryOf(event)?.includes('approval'));
      return events.some((event) => timer && String(event.timerFiredEventAttributes?.startedEventId) === String(timer.eventId));
    });
    const decided = handle.executeUpdate('decide', { args: [decision()] });
    serving = await rig.serveWorkflows();
    await decided;
    await handle.result();
    expect((await agreed(handle.workflowId)).approvals).toMatchObject([{ status: 'approved', decision_id: 'd1' }]);
  });
});

describe('ledger and history agree also on', () => {
  it('a failure after a sleep, and its undo', async () => {
    const handle = await rig.start([
      { name: 'a', ...UNDO },
      { name: 'b', needs: ['a'], says: [sleeps(50), { fail: 'no' }], ...UNDO },
    ]);
    await endOf(handle);
    expect(statuses((await agreed(handle.workflowId)).run)).toEqual(['compensated', 'failed']);
  });

  it.each<[string, Said]>([
    ['a result that is none', { raw: 5 }],
    ['a time that only JavaScript reads', { status: 'SUCCESS', result: 1, started_at: '2026-02-30T00:00:00Z' }],
    ['data over the bound', { ...sleeps(), data_bytes: 300_000 }],
    ['steps that are added', { status: 'SUCCESS', result: 1, steps: [{ name: 'x', task_type: 'answer', inputs: { says: [] } }] }],
  ])('%s', async (_what, said) => {
    const handle = await rig.start([{ name: 'a', says: [said], ...UNDO }]);
    await endOf(handle);
    expect((await agreed(handle.workflowId)).approvals).toEqual([]);
  });

  it.each<[string, Said]>([
    ['none', { raw: 5 }],
    ['a sleep', sleeps()],
  ])('an undo whose result is %s', async (_what, undo_says) => {
    const handle = await rig.start([
      { name: 'a', ...UNDO, undo_says },
      { name: 'b', needs: ['a'], says: [{ fail: 'no' }] },
    ]);
    await endOf(handle);
    expect((await agreed(handle.workflowId)).run.steps[0]).toMatchObject({
      status: 'compensation_failed',
      error: { code: 'MALFORMED_RESULT' },
    });
  });
});

describe('ledger and history agree on a step that is suspended when its run', () => {
  const CASES: readonly [string, Said, StepStatus][] = [
    ['sleeps', sleeps(), 'sleeping'],
    ['waits', asks(), 'waiting'],
  ];

  it.each(CASES)('is cancelled: it %s', async (_what, said, status) => {
    const handle = await suspended([said], status, UNDO);
    await handle.cancel();
    await endOf(handle);
    expect((await agreed(handle.workflowId)).run.steps[0]).toMatchObject({ status: 'cancelled', compensated_at: expect.any(String) });
  });

  it.each(CASES)('is halted, or cancelled after the step: it %s', async (_what, said, status) => {
    for (const update of ['halt', 'cancelAfterStep']) {
      const handle = await suspended([said], status, UNDO);
      await handle.executeUpdate(update);
      await endOf(handle);
      expect((await agreed(handle.workflowId)).run.steps[0]).toMatchObject({ status: 'failed', error: { code: 'SAGA_HALTED' } });
    }
  });

  it.each(['undo', 'halt'] as const)('fails elsewhere, with on_failure %s', async (on_failure) => {
    const steps = [
      { name: 'a', says: [asks()], ...UNDO },
      { name: 'b', says: [sleeps()] },
      { name: 'c', says: [sleeps(), { fail: 'no' }] },
    ];
    const handle = await rig.start(steps, { on_failure });
    await ledgerShows(rig, handle.workflowId, (run) => run.steps.every(({ wakes_at }) => wakes_at !== null));
    await handle.executeUpdate('wake', { args: [{ step: 'c' }] });
    await endOf(handle);
    const { run } = await agreed(handle.workflowId);
    expect(statuses(run)).toEqual(on_failure === 'halt' ? ['failed', 'failed', 'failed'] : ['cancelled', 'cancelled', 'failed']);
  });

  it('is cancelled while it is paused, with the step woken', async () => {
    const handle = await suspended([asks()], 'waiting', UNDO);
    await handle.executeUpdate('pause');
    await handle.executeUpdate('decide', { args: [decision()] });
    await ledgerShows(rig, handle.workflowId, (run) => run.steps[0]?.status === 'running');
    await agreed(handle.workflowId);
    await handle.cancel();
    await endOf(handle);
    const { run, approvals } = await agreed(handle.workflowId);
    expect([run.steps[0]?.status, approvals[0]?.status]).toEqual(['cancelled', 'approved']);
  });

  it('is halted while its call is under way, and asks to be suspended then', async () => {
    const gate = `${rig.gate}.late`;
    const handle = await suspended([{ ...asks(), gate }], 'running');
    await handle.executeUpdate('halt');
    writeFileSync(gate, '');
    await endOf(handle);
    const { run, approvals } = await agreed(handle.workflowId);
    expect([run.status, run.steps[0]?.error?.code, approvals]).toEqual(['halted', 'SAGA_HALTED', []]);
  });

  it('is terminated, and rolled back; the rows are rebuilt in between', async () => {
    const steps = [{ name: 'a', says: [asks()], ...UNDO }];
    const handle = await rig.start(steps);
    const id = handle.workflowId;
    await ledgerShows(rig, id, (run) => run.steps[0]?.status === 'waiting');
    // The ledger is written within a workflow task, which a termination would take back; an answer comes when it is complete.
    await handle.query('show');
    await handle.terminate();
    await rig.sql`delete from saga_runs where id = ${id}`;
    await rebuildRun(rig.sources, id);
    expect((await agreed(id)).approvals).toMatchObject([{ status: 'waiting' }]);
    const plan = planRollback(foldHistory(await rig.events(id), { id }));
    if ('refusal' in plan) throw new Error(plan.refusal.message);
    await endOf(await rig.start(steps, plan.start, id));
    expect(await verifyRun(rig.sources, id)).toMatchObject({ status: 'ok', differences: [] });
    expect((await rig.rows(id)).steps[0]).toMatchObject({ status: 'compensated' });
  });
});
