import { describe, expect, it } from 'vitest';
import { verifyAll, verifyRun, type VerifySources } from '../../../src/client/verify.ts';
import type { SagaRun, SagaStepRow } from '../../../src/contracts/ledger.ts';
import { formatVersion } from '../../../src/contracts/version.ts';
import { failure, HistoryBuilder } from '../../support/history-builder.ts';
import { rolledBack, rows, running, sources, verify, withStep } from '../../support/history-rows.ts';

describe('a closed run', () => {
  it('is ok when the rows say what the history says, as jsonb keeps it', async () => {
    const history = rolledBack();
    const run = withStep(rows(history), 0, { output: { v: 'x\uFFFDy' } });
    expect(await verify(run, history)).toEqual({ id: 'r', status: 'ok', differences: [] });
  });

  const stored = withStep(rows(rolledBack()), 0, { output: { v: 'x\uFFFDy' } });
  const error = { reason: 'step_failed:b', compensate_from_idx: 0, message: 'step b failed: it broke' };
  it.each<[string, SagaRun, string, number | null]>([
    ['the status of the run', { ...stored, status: 'failed' }, 'status', null],
    ['its result', { ...stored, result: 1 }, 'result', null],
    ['its error', { ...stored, error: null }, 'error', null],
    ['the reason of its error', { ...stored, error: { ...error, reason: 'cancelled' } }, 'error', null],
    ['the message of its error', { ...stored, error: { ...error, message: 'x' } }, 'error', null],
    ['the code of its error', { ...stored, error: { ...error, code: 'X' } }, 'error', null],
    ['where its undo began', { ...stored, error: { ...error, compensate_from_idx: 1 } }, 'error', null],
    ['what is stuck', { ...stored, error: { ...error, stuck: [{ step_idx: 0, step_name: 'a', code: 'E', message: 'm' }] } }, 'error', null],
    ['the status of a step', withStep(stored, 0, { status: 'completed' }), 'status', 0],
    ['its output', withStep(stored, 0, { output: { v: 'z' } }), 'output', 0],
    ['the error of a step', withStep(stored, 1, { error: { code: 'BOOM', message: 'x' } }), 'error', 1],
    ['an error that is gone', withStep(stored, 1, { error: null }), 'error', 1],
    ['an undo that is gone', withStep(stored, 0, { compensated_at: null }), 'undo', 0],
    ['an undo that never was', withStep(stored, 2, { compensated_at: '2026-01-01T00:00:00Z' }), 'undo', 2],
    ['a step row that is gone', { ...stored, steps: stored.steps.slice(1) }, 'row', 0],
    ['a step row too many', { ...stored, steps: [...stored.steps, { ...stored.steps[0], step_idx: 3 } as SagaStepRow] }, 'row', 3],
  ])('differs by %s', async (_what, run, field, step_idx) => {
    const verdict = await verify(run, rolledBack());
    expect(verdict.status).toBe('different');
    expect(verdict.differences).toMatchObject([{ table: step_idx === null ? 'saga_runs' : 'saga_step_results', id: 'r', field, step_idx }]);
  });

  it('is whole whatever the versions of its rows', async () => {
    const history = rolledBack();
    const run = rows(history);
    const early = { ...run, version: formatVersion({ run_no: 1, history_length: 3, n: 0 }) };
    expect((await verify(withStep(early, 0, { output: { v: 'x\uFFFDy' } }), history)).status).toBe('ok');
  });
});

async function* list(...ids: readonly string[]): AsyncGenerator<string> {
  yield* ids;
}

describe('other runs', () => {
  it('are skipped when they have not started, or are no sagas', async () => {
    const { history } = running();
    expect((await verify({ ...rows(history), run_id: null }, history)).status).toBe('skipped');
    expect((await verify(undefined, new HistoryBuilder({ memo: false }))).status).toBe('skipped');
    expect((await verify(undefined, new HistoryBuilder())).status).toBe('skipped');
  });

  it('are unresolved when Temporal ended them, and still must agree', async () => {
    for (const kind of ['workflowExecutionTerminated', 'workflowExecutionTimedOut', 'workflowExecutionFailed']) {
      const { history } = running();
      const run = rows(history);
      history.add(kind, kind.endsWith('Failed') ? { failure: failure('TypeError', 'bug') } : {});
      expect((await verify(run, history)).status).toBe('unresolved');
      expect((await verify(withStep(run, 0, { output: 2 }), history)).status).toBe('different');
    }
  });

  it('have no history when Temporal does not know them any more', async () => {
    expect((await verify(rows(rolledBack()), undefined)).status).toBe('no_history');
  });

  it('differ when the run row of a history is gone, or its events have a gap', async () => {
    expect((await verify(undefined, rolledBack())).differences).toMatchObject([
      { table: 'saga_runs', field: 'row', ledger: null, history: 'rolled_back' },
    ]);
    const gap: VerifySources = {
      fetchHistory: async () => rolledBack().events.filter((_, index) => index !== 4),
      readRun: async () => rows(rolledBack()),
    };
    expect((await verifyRun(gap, 'r')).differences).toMatchObject([{ field: 'row', history: expect.stringContaining('expected event 5') }]);
  });

  it('are each verified once, from both lists', async () => {
    const seen: string[] = [];
    for await (const { id } of verifyAll(sources(undefined, undefined), { ledger: list('a', 'b'), temporal: list('b', 'c', 'c') }))
      seen.push(id);
    expect(seen).toEqual(['a', 'b', 'c']);
  });
});
