import { describe, expect, test } from 'vitest';
import { eventsAfter } from '../../src/ledger/queries/events-after.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { useTestLedger } from '../support/postgres.ts';
import { batch, event, NOON, step } from './batches.ts';

const { sql } = useTestLedger();

describe('flushBatch', () => {
  test('makes a row that does not exist from the patch and the defaults', async () => {
    await flushBatch(sql, batch('new', 1_000_030_000, { run: { kind: 'proof', run_id: 'r1', created_at: NOON }, steps: [step(0)] }));
    expect(await getRun(sql, 'new')).toEqual({
      id: 'new',
      run_id: 'r1',
      root_run_id: null,
      kind: 'proof',
      job_id: null,
      status: 'pending',
      plan: [],
      current_step_idx: null,
      inputs: null,
      context: {},
      result: null,
      metadata: {},
      cancel_requested: false,
      error: null,
      recovery_attempts: 0,
      max_recovery_attempts: 3,
      parent_id: null,
      version: 1_000_030_000,
      created_at: NOON,
      started_at: null,
      completed_at: null,
      steps: [{ ...step(0), saga_id: 'new', version: 1_000_030_000 }],
    });
  });

  test('never lets an older version overwrite a row, and still adds its events', async () => {
    await flushBatch(sql, batch('stale', 20, { run: { status: 'completed', context: { a: 1 } }, steps: [step(0)] }));
    const before = await getRun(sql, 'stale');
    const stale = { run: { status: 'running' as const, context: { b: 2 } }, steps: [step(0, { status: 'running', output: null })] };
    await flushBatch(sql, batch('stale', 19, { ...stale, events: [event('stale', 'late')] }));
    expect(await getRun(sql, 'stale')).toEqual(before);
    expect(await subjects('stale')).toEqual(['stale/root/late']);
  });

  test('overwrites a step only by a newer version, whatever the version of its run', async () => {
    await flushBatch(sql, batch('mixed', 10, { steps: [step(0), step(1)] }));
    await flushBatch(sql, batch('mixed', 30, { steps: [step(1, { status: 'compensated' })] }));
    await flushBatch(sql, batch('mixed', 20, { steps: [step(0, { status: 'failed' }), step(1, { status: 'failed' })] }));
    const run = await getRun(sql, 'mixed');
    expect(run?.steps.map((row) => [row.status, row.version])).toEqual([
      ['failed', 20],
      ['compensated', 30],
    ]);
  });

  test('changes nothing and adds no event when the same batch comes twice', async () => {
    const twice = batch('twice', 5, {
      run: { status: 'running', context: { a: 1 } },
      steps: [step(0)],
      events: [event('twice', '1'), event('twice', '2')],
    });
    await flushBatch(sql, twice);
    const before = await getRun(sql, 'twice');
    await flushBatch(sql, twice);
    expect(await getRun(sql, 'twice')).toEqual(before);
    expect(await subjects('twice')).toEqual(['twice/root/1', 'twice/root/2']);
  });

  test('keeps what the patch does not name, and sets null where it says null', async () => {
    const error = { reason: 'cancelled', compensate_from_idx: 1 };
    await flushBatch(sql, batch('patch', 1, { run: { result: { ok: true }, error, current_step_idx: 4, started_at: NOON, inputs: [1] } }));
    await flushBatch(sql, batch('patch', 2, { run: { error: null, current_step_idx: null } }));
    expect(await getRun(sql, 'patch')).toMatchObject({
      result: { ok: true },
      error: null,
      current_step_idx: null,
      started_at: NOON,
      inputs: [1],
    });
  });

  test('merges the context and replaces the other objects', async () => {
    await flushBatch(sql, batch('context', 1, { run: { context: { a: { x: 1 }, b: 1 }, metadata: { m: 1 } } }));
    await flushBatch(sql, batch('context', 2, { run: { context: { b: null, c: 'c' }, metadata: { n: 1 } } }));
    expect(await getRun(sql, 'context')).toMatchObject({ context: { a: { x: 1 }, b: null, c: 'c' }, metadata: { n: 1 } });
    expect((await getRun(sql, 'context'))?.metadata).toEqual({ n: 1 });
  });
});

describe('flushBatch, value by value', () => {
  test.each([['a string'], [''], [0], [false], [null], [[null, 1.5e300]], [{}], [{ 'with space': '\u{1F600}' }]])(
    'gives the output %j back as it was',
    async (output) => {
      await flushBatch(
        sql,
        batch('json', Date.now() * 1000 + Math.floor(performance.now()), { steps: [step(0, { output })], run: { result: output } }),
      );
      const run = await getRun(sql, 'json');
      expect([run?.steps[0]?.output, run?.result]).toEqual([output, output]);
    },
  );
});

describe('flushBatch, at its bounds', () => {
  test('stores NUL and lone surrogates as U+FFFD, wherever they are', async () => {
    const bad = 'a\0b\uD800c\uDC00\u{1F600}';
    const good = 'a\uFFFDb\uFFFDc\uFFFD\u{1F600}';
    const events = [{ ...event('unsafe', '1'), data: [bad] }];
    await flushBatch(
      sql,
      batch('unsafe', 1, { run: { context: { [bad]: bad } }, steps: [step(0, { output: bad, worker_id: bad })], events }),
    );
    const run = await getRun(sql, 'unsafe');
    expect(run?.context).toEqual({ [good]: good });
    expect(run?.steps[0]).toMatchObject({ output: good, worker_id: good });
    expect((await eventsAfter(sql, { after: 0 })).find((stored) => stored.subject === 'unsafe')?.data).toEqual([good]);
  });

  test('writes 500 steps at once, and of two rows of one step the later', async () => {
    const steps = Array.from({ length: 500 }, (_, idx) => step(idx));
    await flushBatch(sql, batch('large', 999_999_999_999_999, { steps: [step(7, { status: 'running' }), ...steps] }));
    const run = await getRun(sql, 'large');
    expect(run?.steps).toEqual(steps.map((row) => ({ ...row, saga_id: 'large', version: 999_999_999_999_999 })));
  });

  test('refuses a status that does not exist, and writes nothing of that batch', async () => {
    const wrong = { run: { status: 'exploded' as 'failed' }, events: [event('wrong', '1')] };
    await expect(flushBatch(sql, batch('wrong', 1, wrong))).rejects.toThrow('saga_runs_status_check');
    expect(await getRun(sql, 'wrong')).toBeUndefined();
    expect(await subjects('wrong')).toEqual([]);
  });
});

async function subjects(subject: string): Promise<string[]> {
  return (await eventsAfter(sql, { after: 0 })).filter((stored) => stored.subject === subject).map((stored) => stored.id);
}
