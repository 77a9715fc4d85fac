import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Difference } from '../../src/client/history/compare.ts';
import { rebuildRun } from '../../src/client/rebuild.ts';
import { verifyRun } from '../../src/client/verify.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { sourcesOf } from '../support/evidence.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { sixSteps } from '../support/six-steps.ts';
import { until } from '../support/until.ts';

type Kind = 'completed' | 'rolled back' | 'stuck' | 'halted';

interface Damage {
  readonly run: Kind;
  readonly what: string;
  readonly damage: (sql: Sql, id: string) => Promise<unknown>;
  readonly found: Pick<Difference, 'table' | 'step_idx' | 'field'> & Partial<Difference>;
}

const DAMAGES: readonly Damage[] = [
  {
    run: 'completed',
    what: 'another status',
    damage: (sql, id) => sql`update saga_runs set status = 'failed' where id = ${id}`,
    found: runField('status', 'failed', 'completed'),
  },
  {
    run: 'completed',
    what: 'another result',
    damage: (sql, id) => sql`update saga_runs set result = '{"a":"b"}' where id = ${id}`,
    found: runField('result'),
  },
  {
    run: 'completed',
    what: 'an error',
    damage: (sql, id) => sql`update saga_runs set error = '{"reason":"x"}' where id = ${id}`,
    found: runField('error'),
  },
  {
    run: 'completed',
    what: 'no row',
    damage: (sql, id) => sql`delete from saga_runs where id = ${id}`,
    found: runField('row', null, 'completed'),
  },
  {
    run: 'completed',
    what: 'the version of a later run',
    damage: (sql, id) => sql`update saga_runs set version = version + 1000000000 where id = ${id}`,
    found: runField('version', 2, 1),
  },
  {
    run: 'completed',
    what: 'another output of a step',
    damage: (sql, id) => sql`update saga_step_results set output = '"x"' where saga_id = ${id} and step_idx = 2`,
    found: stepField(2, 'output', 'x', 'c'),
  },
  {
    run: 'completed',
    what: 'a step marked as undone',
    damage: (sql, id) => sql`update saga_step_results set compensated_at = now() where saga_id = ${id} and step_idx = 5`,
    found: stepField(5, 'undo', true, false),
  },
  {
    run: 'completed',
    what: 'no row of a step',
    damage: (sql, id) => sql`delete from saga_step_results where saga_id = ${id} and step_idx = 3`,
    found: stepField(3, 'row', null, 'completed'),
  },
  {
    run: 'completed',
    what: 'a step that there is not',
    damage: (sql, id) => sql`insert into saga_step_results (saga_id, step_idx, step_name, task_type) values (${id}, 6, 'g', 'g')`,
    found: stepField(6, 'row', 'pending', null),
  },
  {
    run: 'rolled back',
    what: 'another status',
    damage: (sql, id) => sql`update saga_runs set status = 'completed' where id = ${id}`,
    found: runField('status', 'completed', 'rolled_back'),
  },
  {
    run: 'rolled back',
    what: 'no error',
    damage: (sql, id) => sql`update saga_runs set error = null where id = ${id}`,
    found: runField('error'),
  },
  {
    run: 'rolled back',
    what: 'another status of a step',
    damage: (sql, id) => sql`update saga_step_results set status = 'completed' where saga_id = ${id} and step_idx = 0`,
    found: stepField(0, 'status', 'completed', 'compensated'),
  },
  {
    run: 'rolled back',
    what: 'a step not marked as undone',
    damage: (sql, id) => sql`update saga_step_results set compensated_at = null where saga_id = ${id} and step_idx = 1`,
    found: stepField(1, 'undo', false, true),
  },
  {
    run: 'rolled back',
    what: 'another error of a step',
    damage: (sql, id) => sql`update saga_step_results set error = '{"code":"X","message":"y"}' where saga_id = ${id} and step_idx = 4`,
    found: stepField(4, 'error'),
  },
  {
    run: 'stuck',
    what: 'an error that says nothing of what is stuck',
    damage: (sql, id) => sql`update saga_runs set error = error - 'stuck' where id = ${id}`,
    found: runField('error'),
  },
  {
    run: 'stuck',
    what: 'a failed undo as a success',
    damage: (sql, id) => sql`update saga_step_results set status = 'compensated' where saga_id = ${id} and step_idx = 1`,
    found: stepField(1, 'status', 'compensated', 'compensation_failed'),
  },
  {
    run: 'halted',
    what: 'another status',
    damage: (sql, id) => sql`update saga_runs set status = 'rolled_back' where id = ${id}`,
    found: runField('status', 'rolled_back', 'halted'),
  },
  {
    run: 'halted',
    what: 'a completed step as undone',
    damage: (sql, id) => sql`update saga_step_results set status = 'compensated' where saga_id = ${id} and step_idx = 2`,
    found: stepField(2, 'status', 'compensated', 'completed'),
  },
];

function runField(field: Difference['field'], ...values: readonly Difference['ledger'][]): Damage['found'] {
  return {
    table: 'saga_runs',
    step_idx: null,
    field,
    ...(values.length > 0 ? { ledger: values[0] ?? null, history: values[1] ?? null } : {}),
  };
}

function stepField(step_idx: number, field: Difference['field'], ...values: readonly Difference['ledger'][]): Damage['found'] {
  return { ...runField(field, ...values), table: 'saga_step_results', step_idx };
}

let rig: Rig;
const ids = new Map<Kind, string>();

beforeAll(async () => {
  rig = await startRig();
  const failing = { e: { script: { do: 'fail' } } } as const;
  const handles = {
    completed: await rig.startScripted(sixSteps()),
    'rolled back': await rig.startScripted(sixSteps(failing)),
    stuck: await rig.startScripted(sixSteps({ ...failing, b: { script: { undo: 'fail' } } })),
    halted: await rig.startScripted(sixSteps(failing), { on_failure: 'halt' }),
  };
  for (const [kind, handle] of Object.entries(handles)) {
    await handle.result().catch(() => undefined);
    ids.set(kind as Kind, handle.workflowId);
  }
});
afterAll(() => rig.stop());

describe('a ledger that was tampered with', () => {
  it.each(DAMAGES)('a $run run with $what: verify names table, step and field, and rebuild mends it', async ({ run, damage, found }) => {
    const id = ids.get(run) ?? '';
    const sources = sourcesOf(rig);
    const before = await rig.rows(id);
    expect((await verifyRun(sources, id)).status).toBe('ok');
    const { count } = (await damage(rig.sql, id)) as { readonly count: number };
    expect(count, 'rows that were damaged').toBe(1);
    const verdict = await verifyRun(sources, id);
    expect(verdict.status).toBe('different');
    expect(verdict.differences).toHaveLength(1);
    expect({ ...verdict.differences[0] }).toMatchObject({ id, ...found });
    await rebuildRun(sources, id);
    expect(await verifyRun(sources, id)).toStrictEqual({ id, status: 'ok', differences: [] });
    expect(told(await rig.rows(id))).toEqual(told(before));
  });

  it('a run under way is verified and mended too, and goes on from there', async () => {
    const handle = await rig.startScripted(sixSteps({ d: { script: { do: 'wait' } } }));
    const id = handle.workflowId;
    await until(
      async () =>
        (await rig.sql`select 1 from saga_step_results where saga_id = ${id} and step_name = 'd' and status = 'running'`).length === 1,
    );
    const sources = sourcesOf(rig);
    expect((await verifyRun(sources, id)).differences).toEqual([]);
    await rig.sql`update saga_step_results set output = '"x"' where saga_id = ${id} and step_idx = 1`;
    expect((await verifyRun(sources, id)).differences).toEqual([
      expect.objectContaining({ table: 'saga_step_results', step_idx: 1, field: 'output' }),
    ]);
    await rebuildRun(sources, id);
    expect((await verifyRun(sources, id)).differences).toEqual([]);
    writeFileSync(rig.gate, '');
    await handle.result();
    expect(await verifyRun(sources, id)).toStrictEqual({ id, status: 'ok', differences: [] });
  });
});

describe('a pool with more queries than connections', () => {
  it('reads runs between flushes, without losing a connection to a transaction that is left open', async () => {
    const sql = openLedger(rig.databaseUrl, { max: 2 });
    const id = ids.get('completed') ?? '';
    const flush = (saga: number, version: number): Promise<void> =>
      flushBatch(sql, { saga_id: `busy-${saga}`, version, run: { kind: 'busy' }, steps: [], events: [] });
    await Promise.all(
      Array.from({ length: 10 }, async (_, saga) => {
        for (let version = 1; version <= 20; version += 1) await (saga % 2 === 0 ? flush(saga, version) : getRun(sql, id));
      }),
    );
    expect(await rig.sql`select version from saga_runs where kind = 'busy'`).toEqual(Array.from({ length: 5 }, () => ({ version: 20 })));
    expect(
      await rig.sql`select pid from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    ).toEqual([]);
    await closeLedger(sql);
  });
});

/** What verify compares, of all rows. */
function told({ status, result, error, context, steps }: SagaRun): unknown {
  const rows = steps.map((step) => ({
    name: step.step_name,
    status: step.status,
    output: step.output,
    error: step.error,
    undone: step.compensated_at !== null,
    needs: step.needs,
  }));
  return { status, result, error, context, rows };
}
