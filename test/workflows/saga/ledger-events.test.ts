import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../../support/rig.ts';
import { callsOf, chain, runOf, step, textOf } from '../../support/saga-runs.ts';

describe('what a run leaves', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  const eventsOf = async (id: string) =>
    await rig.sql<
      { id: string; type: string; subject: string; step: string | null }[]
    >`select id, type, subject, data ->> 'step_name' as step from events where subject = ${id} order by seq`;
  const historyOf = (id: string) => rig.client.workflow.getHandle(id).fetchHistory();

  it('six steps cost three events each, one flush each, and nothing else', async () => {
    const n = 6;
    const { id } = await runOf(rig, chain(...Array.from({ length: n }, (_, idx) => step(`s${idx}`))));
    const { events = [] } = await historyOf(id);
    const [start, workflowTasks, activities, upsert, flushes, close] = [1, 3 * (n + 1), 3 * n, 1, n + 1, 1];
    expect(events).toHaveLength(start + workflowTasks + activities + upsert + flushes + close);
  });

  it('light steps are markers that carry their call id, and no activities', async () => {
    const light = chain(step('a', {}, { light: true, label: 'Weighs nothing' }), step('b', {}, { light: true }));
    const { id, rows } = await runOf(rig, light);
    const { events } = await historyOf(id);
    expect(events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
    const summaries = (events ?? []).flatMap((event) => (event.markerRecordedEventAttributes ? textOf(event.userMetadata?.summary) : []));
    expect(summaries.filter((summary) => summary !== 'ledger')).toEqual(['0:a:do:1 Weighs nothing', '1:b:do:1']);
    expect(rows.steps[0]).toMatchObject({ status: 'completed', output: 'a', attempts: 1, activity_id: '0:a:do:1' });
  });

  it('an event at every boundary, in order, each id once', async () => {
    const { id, rows } = await runOf(rig, chain(step('a'), step('b', { do: 'fail' })));
    const events = await eventsOf(id);
    expect(events.map(({ type, step: name }) => [type.replace('cerebros.saga.', ''), name].filter(Boolean).join(' '))).toEqual([
      'running',
      'step.started a',
      'step.completed a',
      'step.started b',
      'step.failed b',
      'compensating',
      'step.compensated b',
      'step.compensated a',
      'rolled_back',
    ]);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    expect(events.every((event) => event.id.startsWith(`${id}/${rows.root_run_id}/`) && event.subject === id)).toBe(true);
  });

  it('idempotency keys of the documented form, of the first run and the call', async () => {
    const { id, rows } = await runOf(rig, chain(step('a'), step('b', { do: 'fail', compensate: [{ answer: 'retry' }] })));
    const keys = [
      ['0.0', 'do'],
      ['1.0', 'do'],
      ['1.0', 'undo'],
      ['0.0', 'undo'],
    ].map(([call, phase]) => `${id}/${rows.run_id}/${call}/${phase}/0`);
    expect(rig.effects.all(id).map((effect) => effect.key)).toEqual(keys);
    expect(callsOf(await historyOf(id)).map(([call]) => call)).toEqual(['0:a:do:1', '1:b:do:1', '1:b:do:2', '1:b:undo:1', '0:a:undo:1']);
  });

  it('rows that say who ran a step, when, and under which call', async () => {
    const { rows } = await runOf(rig, [step('a')]);
    const [row] = rows.steps;
    expect(row).toMatchObject({ task_type: 'a', attempts: 1, activity_id: '0:a:do:1', worker_id: expect.stringContaining('@') });
    const times = [rows.created_at, rows.started_at, row?.queued_at, row?.started_at, row?.completed_at, rows.completed_at].map((time) =>
      Date.parse(time ?? ''),
    );
    expect(times).toEqual(times.toSorted((x, y) => x - y));
  });
});
