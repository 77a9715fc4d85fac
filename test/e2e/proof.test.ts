import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun, SagaRunRow } from '../../src/contracts/ledger.ts';
import type { StoredEvent } from '../../src/client/recent-events.ts';
import { startDev, type DevStack } from '../support/cli.ts';
import { withGap, withoutEvent, type HistoryJson } from '../support/doctored-history.ts';

const proof = (...steps: readonly string[]): string => JSON.stringify({ steps, inputs: { message: 'hello' } });

interface Replayed {
  readonly status: string;
  readonly reason: string | null;
  readonly events: number;
}

interface Verified {
  readonly agrees: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly runs: readonly { readonly id: string; readonly status: string; readonly differences: readonly { readonly field: string }[] }[];
}

/** What a run's rows say; times of a rebuild are those of the history's events. */
function said({ id, run_id, status, context, error, steps }: SagaRun): unknown {
  const rows = steps.map(({ step_idx, step_name, status: own, output, error: fault, attempts }) => ({
    step_idx,
    step_name,
    own,
    output,
    fault,
    attempts,
  }));
  return { id, run_id, status, context, error, rows };
}

let stack: DevStack;
beforeAll(async () => void (stack = await startDev()));
afterAll(() => stack.stop());

describe('the ledger of a proof', () => {
  const start = (id: string, input: string, code: number): Promise<SagaRun> =>
    stack.ask<SagaRun>(['start', 'proof', '--input', '-', '--id', id, '--wait'], { input, code });

  it('leaves the exact ledger of a run that fails, and exits 1', async () => {
    const printed = await start('fails', proof('echo', 'echo', 'fail'), 1);
    const run = await stack.ask<SagaRun>(['show', 'fails']);
    expect(printed).toEqual(run);
    expect(run).toMatchObject({ status: 'rolled_back', kind: 'proof', recovery_attempts: 0, cancel_requested: false, result: null });
    expect(run.error).toMatchObject({ reason: 'step_failed:fail', compensate_from_idx: 1 });
    expect(run.context).toEqual({ echoed_at_step_0: 'hello', echoed_at_step_1: 'hello' });
    expect(run.steps.map(({ step_idx, step_name, status, output }) => [step_idx, step_name, status, output])).toEqual([
      [0, 'echo', 'compensated', 'hello'],
      [1, 'echo', 'compensated', 'hello'],
      [2, 'fail', 'failed', null],
    ]);
    expect(run.steps.map((step) => step.error !== null)).toEqual([false, false, true]);
  });

  it('leaves the exact ledger of a run that completes, and exits 0', async () => {
    const run = await start('works', proof('echo', 'echo', 'echo'), 0);
    expect(run).toMatchObject({ status: 'completed', error: null, current_step_idx: null });
    expect(run.context).toEqual({ echoed_at_step_0: 'hello', echoed_at_step_1: 'hello', echoed_at_step_2: 'hello' });
    expect(run.steps.map((step) => step.status)).toEqual(['completed', 'completed', 'completed']);
    const { status } = await stack.client.workflow.getHandle('works').describe();
    expect(status.name).toBe('COMPLETED');
  });

  it.each([
    { what: 'a status', sql: `update saga_runs set status = 'completed' where id = 'fails'`, field: 'status' },
    { what: 'a row that is gone', sql: `delete from saga_step_results where saga_id = 'fails' and step_idx = 2`, field: 'row' },
  ])('verifies the ledger, finds $what, and mends it', async ({ sql, field }) => {
    const before = await stack.ask<SagaRun>(['show', 'fails']);
    await stack.sql.unsafe(sql);
    const found = await stack.ask<Verified>(['ledger', 'verify'], { code: 1 });
    expect(found).toMatchObject({ agrees: false, counts: { ok: 1, different: 1 }, runs: [{ id: 'fails', status: 'different' }] });
    expect(found.runs.flatMap((run) => run.differences.map((one) => one.field))).toContain(field);
    await stack.ask(['ledger', 'rebuild', 'fails']);
    expect(await stack.ask<Verified>(['ledger', 'verify'])).toEqual({ agrees: true, counts: { ok: 2 }, runs: [] });
    expect(said(await stack.ask<SagaRun>(['show', 'fails']))).toEqual(said(before));
  });
});

describe('a proof that has run', () => {
  it('publishes what happened, in order', async () => {
    const { stdout } = await stack.cli(['events', 'tail', '--topic', 'cerebros.**', '--from', '1', '-o', 'jsonl']);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as StoredEvent & { readonly data: { readonly step_idx?: number } });
    const of = events
      .filter((event) => event.subject === 'fails')
      .map(({ type, data }) => `${type.replace('cerebros.saga.', '')} ${data.step_idx ?? ''}`.trim());
    const done = [0, 1].flatMap((idx) => [`step.started ${idx}`, `step.completed ${idx}`]);
    expect(of.filter((event) => event.startsWith('step.') && !event.includes('compensated'))).toEqual([
      ...done,
      'step.started 2',
      'step.failed 2',
    ]);
    expect(of.slice(-3)).toEqual(['step.compensated 1', 'step.compensated 0', 'rolled_back']);
    expect(events.map((event) => event.seq)).toEqual(events.map((event) => event.seq).toSorted((a, b) => a - b));
    const failed = await stack.cli(['events', 'tail', '--topic', 'cerebros.saga.step.failed', '--from', '1', '-o', 'jsonl']);
    expect(failed.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('is watched in plain lines that end with the run', async () => {
    const { code, stdout } = await stack.cli(['watch', 'fails']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001B');
    expect(stdout).toContain('2 fail failed');
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^fails rolled_back/);
  });

  it('is planned and drawn without being started', async () => {
    const input = proof('echo', 'fail');
    expect(await stack.ask(['plan', 'proof', '--input', '-'], { input })).toMatchObject({
      kind: 'proof',
      steps: [{ name: 'echo' }, { name: 'fail' }],
    });
    const { stdout } = await stack.cli(['graph', 'proof', '--input', '-', '--format', 'mermaid'], { input });
    expect(stdout).toContain('s0 --> s1');
    const live = await stack.cli(['graph', 'fails', '--format', 'text']);
    expect(live.stdout).toMatch(/2\s+fail\s.*failed/);
    expect((await stack.ask<SagaRunRow[]>(['list'])).map((row) => row.id)).toEqual(['works', 'fails']);
  });

  it.each([
    { flags: ['--kind', 'proof'], ids: ['works', 'fails'] },
    { flags: ['--status', 'completed'], ids: ['works'] },
    { flags: ['--failed'], ids: ['fails'] },
    { flags: ['--recoverable'], ids: [] },
  ])('lists $ids for $flags', async ({ flags, ids }) => {
    expect((await stack.ask<SagaRunRow[]>(['list', ...flags])).map((row) => row.id)).toEqual(ids);
  });

  it.each(['show', 'watch', 'history', 'pause', 'rollback'])('says that there is no such run: %s', async (command) => {
    const { code, stdout, stderr } = await stack.cli([command, 'no-such-run', '-o', 'json']);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { message: expect.stringContaining('no-such-run') as string } });
  });
});

describe('the history of a proof', () => {
  let history: HistoryJson;
  const file = (name: string): string => join(stack.dataDir, name);
  beforeAll(async () => {
    const { stdout } = await stack.cli(['history', 'fails']);
    history = JSON.parse(stdout) as HistoryJson;
    writeFileSync(file('whole.json'), stdout);
  });

  it.each([
    {
      what: 'a call that the code makes is not in it',
      doctored: () => withoutEvent(history, 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED'),
      says: /nondeterminism/i,
    },
    { what: 'it has a hole', doctored: () => withGap(history, 8), says: /expected event 9, got event 10/ },
    { what: 'it has no events', doctored: () => ({ events: [] }), says: /got none/ },
  ])('replays, and is refused when $what', async ({ doctored, says }) => {
    writeFileSync(file('doctored.json'), JSON.stringify(doctored()));
    const results = await stack.ask<readonly Replayed[]>(['replay', file('whole.json'), file('doctored.json')], { code: 1 });
    expect(results).toMatchObject([
      { status: 'completed', reason: null, events: history.events.length },
      { status: 'failed', reason: expect.stringMatching(says) as string },
    ]);
  });

  it('replays with exit 0, and a file that is none is refused with exit 2', async () => {
    expect((await stack.cli(['replay', file('whole.json')])).code).toBe(0);
    const { code, stderr } = await stack.cli(['replay', 'README.md']);
    expect(code).toBe(2);
    expect(stderr).toContain('README.md');
  });
});
