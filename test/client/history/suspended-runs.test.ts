import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldOptions, verifyRun } from '../../../src/client/verify.ts';
import { approvalsOf, rowsOf } from '../../../src/client/rebuild.ts';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { SagaRun, StepStatus } from '../../../src/contracts/ledger.ts';
import type { ApprovalRow } from '../../../src/contracts/step-protocol.ts';
import { listApprovalsOfRun } from '../../../src/ledger/queries/list-approvals-of-run.ts';
import { endOf, ledgerShows, statuses } from '../../support/saga-runs.ts';
import { startExternalRig, type ExternalRig, type Said } from './external-rig.ts';

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
const SLEEPS: Said = { status: 'SLEEP', duration_ms: HOUR, data: { at: 1 } };
const NAP: Said = { status: 'SLEEP', duration_ms: 50, data: null };
const asks = (more: Said | object = {}): Said => ({
  status: 'APPROVAL',
  approval_type: 'publish',
  data: { rows: 3 },
  timeout_ms: HOUR,
  ...more,
});
const UNDO = { undo: { task_type: 'takeBack' } };

/** Rows of the ledger and of the fold, both of them whole but for times that are the server's own. */
async function agreed(id: string): Promise<{ readonly run: SagaRun; readonly approvals: readonly ApprovalRow[] }> {
  const verdict = await verifyRun(rig.sources, id);
  expect(verdict).toEqual({ id, status: verdict.status === 'unresolved' ? 'unresolved' : 'ok', differences: [] });
  const events = await rig.events(id);
  const options = foldOptions({}, id, events);
  const run = await rig.rows(id);
  const approvals = await listApprovalsOfRun(rig.sql, id);
  const plain = ({ steps }: SagaRun) =>
    steps.map(({ step_idx, status, output, error, attempts, worker_id, activity_id, wakes_at }) => ({
      ...{ step_idx, status, output, error, wakes_at },
      ...(['sleeping', 'waiting', 'completed'].includes(status) ? { attempts, worker_id, activity_id } : {}),
    }));
  expect(plain(rowsOf(events, options))).toEqual(plain(run));
  const timeless = (rows: readonly ApprovalRow[]) =>
    rows.map(({ version: _version, ...row }) => (row.status === 'timed_out' ? { ...row, decided_at: null } : row));
  expect(timeless(approvalsOf(events, options))).toEqual(timeless(approvals));
  return { run, approvals };
}

const decision = (more: object = {}) => ({ step: 'a', decision: 'approved', by: 'ada', comment: 'fine', decision_id: 'd1', ...more });

async function decide(id: string, more: object = {}): Promise<unknown> {
  return rig.client.workflow.getHandle(id).executeUpdate('decide', { args: [decision(more)] });
}

async function suspended(says: readonly Said[], status: StepStatus, more: object = {}) {
  const handle = await rig.start([{ name: 'a', says, ...more }]);
  await ledgerShows(rig, handle.workflowId, (run) => run.steps[0]?.status === status);
  return handle;
}

describe('ledger and history agree on', () => {
  it('a success', async () => {
    const handle = await rig.start([{ name: 'a' }, { name: 'b', needs: ['a'] }]);
    await handle.result();
    expect(statuses((await agreed(handle.workflowId)).run)).toEqual(['completed', 'completed']);
  });

  it('two sleeps', async () => {
    const handle = await rig.start([{ name: 'a', says: [NAP, NAP] }]);
    await handle.result();
    const { run } = await agreed(handle.workflowId);
    expect(run.steps[0]).toMatchObject({
      status: 'completed',
      activity_id: '0:a:do:3',
      wakes_at: null,
      output: { resume: [{ kind: 'sleep' }, {}] },
    });
    const [first, second] = (await rig.events(handle.workflowId)).filter((e) => e.timerStartedEventAttributes);
    expect([first, second].every(Boolean)).toBe(true);
    expect(foldHistory(await rig.events(handle.workflowId), { id: handle.workflowId }).steps[0]?.queued_at).toBeTruthy();
  });

  it('a sleep that is ended early', async () => {
    const handle = await suspended([SLEEPS], 'sleeping');
    const { run } = await agreed(handle.workflowId);
    expect(Date.parse(run.steps[0]?.wakes_at ?? '')).toBeGreaterThan(Date.now() + HOUR / 2);
    await handle.executeUpdate('wake', { args: [{ step: 'a' }] });
    await handle.result();
    await agreed(handle.workflowId);
  });

  it.each([
    ['approved', {}],
    ['rejected', { decision: 'rejected', comment: null }],
  ])('an approval that is %s', async (status, more) => {
    const handle = await suspended([asks({ approvers: ['ada', 'bob'], on_timeout: 'approve' })], 'waiting');
    expect((await agreed(handle.workflowId)).approvals).toMatchObject([{ status: 'waiting', n: 1, approvers: ['ada', 'bob'] }]);
    await decide(handle.workflowId, more);
    await handle.result();
    expect((await agreed(handle.workflowId)).approvals).toMatchObject([{ status, decided_by: 'ada', decision_id: 'd1' }]);
  });

  it.each([
    ['reject', 'completed'],
    ['approve', 'completed'],
    ['fail', 'failed'],
  ])('an approval that nobody decided in time, with on_timeout %s', async (on_timeout, status) => {
    const handle = await rig.start([{ name: 'a', says: [asks({ on_timeout, timeout_ms: 50 })], ...UNDO }]);
    await endOf(handle);
    const { run, approvals } = await agreed(handle.workflowId);
    expect(run.steps[0]?.status).toBe(status);
    expect(approvals).toMatchObject([{ status: 'timed_out', decided_by: null, on_timeout }]);
  });

  it.each([
    ['sleeps', SLEEPS, 'sleeping'],
    ['waits', asks(), 'waiting'],
  ] as const)('a cancel while a step %s', async (_what, said, status) => {
    const handle = await suspended([said], status, UNDO);
    await handle.cancel();
    await endOf(handle);
    const { run } = await agreed(handle.workflowId);
    expect(run.steps[0]).toMatchObject({ status: 'cancelled', wakes_at: null, compensated_at: expect.any(String) });
  });

  it.each([
    ['halt', SLEEPS, 'sleeping'],
    ['halt', asks(), 'waiting'],
    ['cancelAfterStep', SLEEPS, 'sleeping'],
    ['cancelAfterStep', asks(), 'waiting'],
  ] as const)('a %s while a step is suspended', async (update, said, status) => {
    const handle = await suspended([said], status, UNDO);
    await handle.executeUpdate(update);
    await endOf(handle);
    const { run } = await agreed(handle.workflowId);
    expect(run.steps[0]).toMatchObject({ status: 'failed', error: { code: 'SAGA_HALTED' }, wakes_at: null });
  });

  it('a failure after a sleep, with undo', async () => {
    const handle = await rig.start([
      { name: 'a', ...UNDO },
      { name: 'b', needs: ['a'], says: [NAP, { fail: 'no' }], ...UNDO },
    ]);
    await endOf(handle);
    const { run } = await agreed(handle.workflowId);
    expect(statuses(run)).toEqual(['compensated', 'failed']);
  });
});
