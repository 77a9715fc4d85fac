import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNumber, timeOf, type HistoryEvent } from '../../../src/client/history/decode.ts';
import { verifyRun } from '../../../src/client/verify.ts';
import { sourcesOf } from '../../support/evidence.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { callsOf, chain, endOf, ledgerShows, openGate, runOf, statuses, step, textOf } from '../../support/saga-runs.ts';

describe('what a run leaves', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('six steps cost three events each, and the ledger no more than one each and two', async () => {
    const n = 6;
    const { id, rows } = await runOf(rig, chain(...Array.from({ length: n }, (_, idx) => step(`s${idx}`))));
    const events = (await historyOf(rig, id)).events ?? [];
    const [start, workflowTasks, activities, upsert, close] = [1, 3 * (n + 1), 3 * n, 1, 1];
    // A timer fires only when a step was slow after quick ones; that is a workflow task of its own.
    const fired = events.filter((event) => event.timerFiredEventAttributes).length;
    expect(events.length - (start + workflowTasks + activities + upsert + close)).toBeLessThanOrEqual(n + 1 + 5 * fired);
    const tasks = flushesIn(events);
    const apart = tasks.slice(1, -1).map((at, idx) => at - (tasks[idx] ?? 0));
    expect(tasks.length).toBeGreaterThanOrEqual(2);
    expect(Math.min(...apart, Infinity), 'ms between two flushes before the last').toBeGreaterThanOrEqual(100);
    expect(statuses(rows)).toEqual(Array.from({ length: n }, () => 'completed'));
  });

  it('what is held is flushed though the next step goes on for ever, and agrees with the history', async () => {
    const { workflowId: id } = await rig.startScripted({ steps: chain(step('a', {}, { light: true }), step('b', { do: 'wait' })) });
    await ledgerShows(rig, id, (run) => statuses(run).join() === 'completed,running');
    expect(await verifyRun(sourcesOf(rig), id)).toEqual({ id, status: 'ok', differences: [] });
    openGate(rig, id);
    expect(await endOf(rig.client.workflow.getHandle(id))).toMatchObject({ temporal: 'completed' });
    expect(await verifyRun(sourcesOf(rig), id)).toEqual({ id, status: 'ok', differences: [] });
  });

  it('light steps are markers that carry their call id, and no activities', async () => {
    const light = chain(step('a', {}, { light: true, label: 'Weighs nothing' }), step('b', {}, { light: true }));
    const { id, rows } = await runOf(rig, light);
    const { events } = await historyOf(rig, id);
    expect(events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
    const summaries = (events ?? []).flatMap((event) => (event.markerRecordedEventAttributes ? textOf(event.userMetadata?.summary) : []));
    expect(summaries.filter((summary) => summary !== 'ledger')).toEqual(['0:a:do:1 Weighs nothing', '1:b:do:1']);
    expect(rows.steps[0]).toMatchObject({ status: 'completed', output: 'a', attempts: 1, activity_id: '0:a:do:1' });
  });

  it('an event at every boundary, in order, each id once', async () => {
    const { id, rows } = await runOf(rig, chain(step('a'), step('b', { do: 'fail' })));
    const events = await eventsOf(rig, id);
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
    expect(callsOf(await historyOf(rig, id)).map(([call]) => call)).toEqual([
      '0:a:do:1',
      '1:b:do:1',
      '1:b:do:2',
      '1:b:undo:1',
      '0:a:undo:1',
    ]);
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

function historyOf(rig: Rig, id: string) {
  return rig.client.workflow.getHandle(id).fetchHistory();
}

async function eventsOf(rig: Rig, id: string) {
  return await rig.sql<
    { id: string; type: string; subject: string; step: string | null }[]
  >`select id, type, subject, data ->> 'step_name' as step from events where subject = ${id} order by seq`;
}

/** When the workflow tasks that flushed began, in ms. */
function flushesIn(events: readonly HistoryEvent[]): number[] {
  return events.flatMap((event) => {
    if (!event.markerRecordedEventAttributes || textOf(event.userMetadata?.summary) !== 'ledger') return [];
    const completed = events[toNumber(event.markerRecordedEventAttributes.workflowTaskCompletedEventId) - 1];
    const started = events[toNumber(completed?.workflowTaskCompletedEventAttributes?.startedEventId) - 1];
    return started ? [Date.parse(timeOf(started))] : [];
  });
}
