import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, ledgerShows, openGate, runOf, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

describe('unwinding', () => {
  it('goes in reverse topological order, one layer after the other', async () => {
    const steps = [
      step('a'),
      step('b', {}, { needs: ['a'] }),
      step('c', {}, { needs: ['a'] }),
      step('lone'),
      step('d', {}, { needs: ['b', 'c'] }),
      step('e', {}, { needs: ['c'] }),
      step('last', { do: 'fail' }, { needs: ['d', 'e', 'lone'] }),
    ];
    const { id, rows } = await runOf(rig, steps);
    const undone = undosOf(rig, id).map((undo) => undo.split(' ')[1] ?? '');
    expect([undone.slice(0, 1), undone.slice(1, 3).toSorted(), undone.slice(3, 5).toSorted(), undone.slice(5).toSorted()]).toEqual([
      ['last'],
      ['d', 'e'],
      ['b', 'c'],
      ['a', 'lone'],
    ]);
    expect(rows).toMatchObject({ status: 'rolled_back', error: { compensate_from_idx: 6 } });
  });

  it('a layer waits for the whole layer above it, whose steps are undone at the same time', async () => {
    const steps = [
      step('a'),
      step('b', { undo: 'wait' }, { needs: ['a'] }),
      step('c', { undo: 'wait' }, { needs: ['a'] }),
      step('d', { do: 'fail', no_undo: true }, { needs: ['b', 'c'] }),
    ];
    const handle = await rig.startScripted({ steps });
    await Promise.all(['undo b done', 'undo c done'].map((effect) => seen(rig, handle.workflowId, effect)));
    expect(undosOf(rig, handle.workflowId)).not.toContain('undo a done');
    openGate(rig, handle.workflowId, 'undo');
    await endOf(handle);
    expect(undosOf(rig, handle.workflowId).at(-1)).toBe('undo a done');
  });

  it('cancels running siblings, and does not begin before they have settled', async () => {
    const steps = [
      step('a'),
      step('hangs', { do: 'hang' }),
      step('deaf', { do: 'deaf' }),
      step('trigger', { do: 'flaky' }),
      step('fails', { do: 'fail', no_undo: true }, { needs: ['a', 'trigger', 'waits'] }),
    ];
    steps.splice(1, 0, step('waits', { do: 'ok' }));
    const handle = await rig.startScripted({ steps });
    const id = handle.workflowId;
    await ledgerShows(rig, id, (run) => statuses(run).includes('failed') && statuses(run).includes('cancelled'));
    expect(undosOf(rig, id)).toEqual([]);
    openGate(rig, id);
    await endOf(handle);
    const rows = await rig.rows(id);
    expect(rows.steps.map((each) => [each.step_name, each.status])).toEqual([
      ['a', 'compensated'],
      ['waits', 'compensated'],
      ['hangs', 'cancelled'],
      ['deaf', 'compensated'],
      ['trigger', 'compensated'],
      ['fails', 'failed'],
    ]);
    expect(undosOf(rig, id)).toEqual(expect.arrayContaining(['undo hangs unknown', 'undo deaf done']));
  });
});

describe('unwinding, when something else goes wrong', () => {
  it('records an undo that fails, and goes on with the rest', async () => {
    const { id, rows, type, close } = await runOf(
      rig,
      chain(step('a'), step('b', { undo: 'fail' }), step('c'), step('d', { do: 'fail', undo: 'fail' })),
    );
    expect(undosOf(rig, id)).toEqual(['undo d unknown', 'undo c done', 'undo b done', 'undo a done']);
    expect(statuses(rows)).toEqual(['compensated', 'compensation_failed', 'compensated', 'compensation_failed']);
    expect(rows).toMatchObject({
      status: 'failed',
      error: {
        reason: 'step_failed:d',
        compensate_from_idx: 3,
        stuck: [
          { step_idx: 3, step_name: 'd', code: 'SCRIPTED', message: 'd was told to fail' },
          { step_idx: 1, step_name: 'b', code: 'SCRIPTED', message: 'b was told to fail' },
        ],
      },
    });
    expect(type).toBe('SAGA_FAILED');
    expect(close).toEqual({
      status: 'failed',
      error: rows.error,
      failed_step: { step_idx: 3, code: 'SCRIPTED', message: 'd was told to fail' },
    });
  });

  it('starts nothing new once a step has failed', async () => {
    const steps = [step('slow', { do: 'deaf' }), step('fails', { do: 'fail' }), step('after', {}, { needs: ['slow'] })];
    const handle = await rig.startScripted({ steps });
    await seen(rig, handle.workflowId, 'do slow');
    await ledgerShows(rig, handle.workflowId, (run) => run.steps[1]?.status === 'failed');
    openGate(rig, handle.workflowId);
    await endOf(handle);
    expect(effectsOf(rig, handle.workflowId)).not.toContain('do after');
  });

  it('the first final failure gives the reason', async () => {
    const steps = [step('first', { do: 'fail' }), step('second', { do: 'deaf' })];
    const handle = await rig.startScripted({ steps });
    await seen(rig, handle.workflowId, 'do second');
    openGate(rig, handle.workflowId);
    expect(await endOf(handle)).toMatchObject({ close: { error: { reason: 'step_failed:first' }, failed_step: { step_idx: 0 } } });
  });
});
