import { describe, expect, it } from 'vitest';
import { approvalsOf, rebuildRun } from '../../../src/client/rebuild.ts';
import { verifyRun, type Verdict } from '../../../src/client/verify.ts';
import type { SagaRun } from '../../../src/contracts/ledger.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import type { ApprovalRow } from '../../../src/contracts/step-protocol.ts';
import { formatVersion } from '../../../src/contracts/version.ts';
import { jsonbSafe } from '../../../src/ledger/jsonb-safe.ts';
import { failure, type HistoryBuilder } from '../../support/history-builder.ts';
import { OPTIONS, rows, sources, verify, withStep } from '../../support/history-rows.ts';
import { answers, asks, begins, cancels, decision, external, fires, hears, sleeps, success, suspended } from './external-history.ts';

const approvals = (history: HistoryBuilder): readonly ApprovalRow[] => approvalsOf(history.events, OPTIONS);

/** The verdict on these approvals, with the run's rows as they should be. */
function judge(history: HistoryBuilder, asked: readonly ApprovalRow[], run: SagaRun = rows(history)): Promise<Verdict> {
  return verifyRun({ ...sources(run, history), readApprovals: async () => asked }, 'r');
}

/** `a` asked, was approved and is done. */
function approved(): HistoryBuilder {
  const wait = suspended(asks({ data: 'x\0y' }));
  hears(wait.history, 'decide', decision(), () => cancels(wait));
  answers(wait.history, '0:a:do:2', success(1));
  answers(wait.history, '1:b:do:1', success(2));
  wait.history.task(() => wait.history.finish());
  return wait.history;
}

/** As jsonb keeps it. */
const STORED = approvals(approved()).map((row) => ({ ...row, data: 'x\uFFFDy' }));

function changed(patch: Partial<ApprovalRow>): readonly ApprovalRow[] {
  return STORED.map((row) => ({ ...row, ...patch }));
}

describe('the approvals of a closed run', () => {
  it('are ok when they say what the history says, whatever their times', async () => {
    const times = { requested_at: 'x', expires_at: 'x', decided_at: 'x' };
    expect(await judge(approved(), changed(times))).toEqual({ id: 'r', status: 'ok', differences: [] });
  });

  it.each<[string, Partial<ApprovalRow>]>([
    ['status', { status: 'timed_out' }],
    ['step_name', { step_name: 'b' }],
    ['approval_type', { approval_type: 'other' }],
    ['data', { data: { rows: 4 } }],
    ['approvers', { approvers: ['eve'] }],
    ['requester', { requester: 'ada' }],
    ['on_timeout', { on_timeout: 'approve' }],
    ['decided_by', { decided_by: 'eve' }],
    ['comment', { comment: null }],
    ['decision_id', { decision_id: 'd2' }],
  ])('differ by their %s', async (field, patch) => {
    const { status, differences } = await judge(approved(), changed(patch));
    expect([status, differences]).toMatchObject(['different', [{ table: 'approvals', id: 'r', step_idx: 0, n: 1, field }]]);
  });

  it('differ by a row that is gone, and by one too many', async () => {
    const difference = { table: 'approvals', step_idx: 0, field: 'row' };
    expect((await judge(approved(), [])).differences).toMatchObject([{ ...difference, n: 1, ledger: null, history: 'approved' }]);
    expect((await judge(approved(), [...STORED, ...changed({ n: 2 })])).differences).toMatchObject([
      { ...difference, n: 2, ledger: 'approved', history: null },
    ]);
  });

  it('are not compared where nobody reads them', async () => {
    expect((await verify(rows(approved()), approved())).status).toBe('ok');
  });

  it('may lack, or hold as cancelled, what was asked as the run ended', async () => {
    const history = external({ on_failure: 'halt' });
    answers(history, '0:a:do:1', asks());
    history.broke('1:b:do:1', failure('BOOM', 'no'));
    history.task(() => history.close({ status: 'halted', error: { reason: 'step_failed:b', compensate_from_idx: null } }));
    const cancelled = changed({ ...STORED[0], data: { rows: 3 }, status: 'cancelled', decided_by: null, comment: null, decision_id: null });
    expect((await judge(history, [])).status).toBe('ok');
    expect((await judge(history, cancelled)).status).toBe('ok');
    expect((await judge(history, changed({ data: { rows: 3 } }))).status).toBe('different');
    expect(approvals(history)).toEqual([]);
  });
});

describe('the rows of an open run', () => {
  it('are compared as of their version', async () => {
    const wait = suspended(asks());
    const asked = approvals(wait.history);
    const before = rows(wait.history);
    hears(wait.history, 'decide', decision(), () => cancels(wait));
    expect((await judge(wait.history, asked, before)).status).toBe('ok');
    expect((await judge(wait.history, [])).status).toBe('different');
    expect((await judge(wait.history, asked)).status).toBe('ok');
    wait.history.task();
    const late = asked.map((row) => ({ ...row, version: rows(wait.history).version }));
    expect((await judge(wait.history, late)).differences.map(({ field }) => field)).toEqual([
      'status',
      'decided_by',
      'comment',
      'decision_id',
    ]);
  });

  it('say whether a step is suspended', async () => {
    const { history } = suspended(sleeps());
    expect((await judge(history, [], withStep(rows(history), 0, { wakes_at: null }))).differences).toMatchObject([
      { table: 'saga_step_results', step_idx: 0, field: 'wakes_at', ledger: false, history: true },
    ]);
    expect((await judge(history, [], withStep(rows(history), 0, { wakes_at: '2030-01-01T00:00:00.000Z' }))).status).toBe('ok');
  });

  it('may show a step as over that is between two calls, once the run may be ending', async () => {
    const wait = suspended(sleeps(), { on_failure: 'halt' });
    fires(wait).task();
    const halted = { status: 'failed', error: { code: 'SAGA_HALTED', message: 'halted while it was suspended' } } as const;
    const shows = (patch: Parameters<typeof withStep>[2]): Promise<Verdict> =>
      judge(wait.history, [], withStep(rows(wait.history), 0, patch));
    expect((await shows(halted)).status).toBe('different');
    expect((await shows({ status: 'cancelled' })).status).toBe('different');
    wait.history.broke('1:b:do:1', failure('BOOM', 'no'));
    wait.history.task();
    expect((await shows(halted)).status).toBe('ok');
    expect((await shows({ status: 'cancelled' })).status).toBe('ok');
    expect((await shows({ status: 'sleeping' })).status).toBe('different');
  });
});

/** The second run of the id. */
const AGAIN: SagaStart = {
  reentry: { mode: 'rollback', run_no: 2, root_run_id: 'run-1', created_at: 't', started_at: null, recovery_attempts: 0, steps: [] },
};

it('passes over what an earlier run of the id asked', async () => {
  const history = external(AGAIN);
  history.task();
  expect((await judge(history, STORED)).status).toBe('ok');
  const now = changed({ version: formatVersion({ run_no: 2, history_length: 3, n: 0 }) });
  expect((await judge(history, now)).status).toBe('different');
});

describe('a rebuild', () => {
  it('writes the approvals after the run, at its version, and agrees with the history', async () => {
    for (const history of [approved(), suspended(asks()).history]) {
      const written: [string, unknown][] = [];
      const run = await rebuildRun(
        {
          ...sources(undefined, history),
          writeRun: async (to) => void written.push(['run', to]),
          writeApprovals: async (_run, to) => void written.push(['approvals', to]),
        },
        'r',
      );
      expect(written).toEqual([
        ['run', run],
        ['approvals', approvals(history)],
      ]);
      expect(approvals(history)).toMatchObject([{ saga_id: 'r', version: run?.version }]);
      expect(approvals(history)[0]).not.toHaveProperty('certain');
      expect((await judge(history, jsonbSafe(approvals(history)))).status).toBe('ok');
    }
  });

  it('writes until when a step is suspended', () => {
    const { history } = suspended(sleeps());
    expect(rows(history).steps).toMatchObject([
      { status: 'sleeping', wakes_at: expect.stringMatching(/^2026-01-01T01:/) },
      { wakes_at: null },
    ]);
    begins(history, 'ledger');
    expect(rows(history).steps[0]?.status).toBe('sleeping');
  });
});
