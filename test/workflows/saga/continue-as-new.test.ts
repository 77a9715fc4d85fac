import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pauseUpdate, resumeUpdate, showQuery } from '../../../src/contracts/messages.ts';
import type { Script } from '../../support/scripted.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, ledgerShows, openGate, step, undosOf } from '../../support/saga-runs.ts';
import { until } from '../../support/until.ts';

/** So much input makes a history of over 4 MiB, where the server suggests to continue as new. */
const LONG = Array.from({ length: 20 }, (_, idx) => step(`s${idx}`, { pad: 245_000 }));

describe('continue-as-new', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  /** Comes to a rollover with one step still in flight, pauses, and lets that step finish. */
  async function rolledOver(last: Script): Promise<WorkflowHandleWithFirstExecutionRunId> {
    const handle = await rig.startScripted(
      { steps: [step('slow', { do: 'wait' }), ...chain(...LONG, step('last', last))] },
      { metadata: { owner: 'me' }, job_id: 'job-1' },
    );
    const id = handle.workflowId;
    await until(async () => ((await handle.describe()).historySize ?? 0) > 4 * 1024 * 1024, 30_000, 'a history of 4 MiB');
    await ledgerShows(
      rig,
      id,
      (run) =>
        run.steps
          .filter((each) => each.status === 'running')
          .map((each) => each.step_name)
          .join() === 'slow',
    );
    expect((await handle.describe()).runId).toBe(handle.firstExecutionRunId);
    await handle.executeUpdate(pauseUpdate);
    openGate(rig, id);
    await until(
      async () => (await rig.client.workflow.getHandle(id).describe()).runId !== handle.firstExecutionRunId,
      20_000,
      'the next run',
    );
    return handle;
  }

  it('carries the rows, the pause, memo and search attributes to the next run', async () => {
    const first = await rolledOver({});
    const id = first.workflowId;
    const handle = rig.client.workflow.getHandle(id);
    const done = effectsOf(rig, id).length;
    const description = await handle.describe();
    expect(description.memo?.['cerebros']).toMatchObject({ kind: 'scripted' });
    expect(description.searchAttributes['CerebrosKind']).toEqual(['scripted']);
    const shown = await handle.query(showQuery);
    expect(shown).toMatchObject({
      status: 'paused',
      root_run_id: first.firstExecutionRunId,
      run_id: description.runId,
      metadata: { owner: 'me' },
      job_id: 'job-1',
    });
    expect(shown.steps.filter((each) => each.status === 'completed')).toHaveLength(done);
    expect(Object.keys(shown.context)).toHaveLength(done);
    await handle.executeUpdate(resumeUpdate);
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed' });
    const rows = await rig.rows(id);
    expect(rows).toMatchObject({ status: 'completed', root_run_id: first.firstExecutionRunId });
    expect(
      rows.steps.every(
        (each) => each.status === 'completed' && each.output === each.step_name && each.worker_id !== null && each.queued_at !== null,
      ),
    ).toBe(true);
    expect(Object.keys(rows.context)).toHaveLength(22);
    const effects = rig.effects.all(id);
    expect(effects).toHaveLength(22);
    expect(new Set(effects.map((effect) => effect.key.split('/')[1]))).toEqual(new Set([first.firstExecutionRunId]));
  });

  it('what the earlier run did is undone by the next one', async () => {
    const { workflowId: id } = await rolledOver({ do: 'fail' });
    const handle = rig.client.workflow.getHandle(id);
    await handle.executeUpdate(resumeUpdate);
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_ROLLED_BACK' });
    const undos = undosOf(rig, id);
    expect(undos[0]).toBe('undo last unknown');
    expect(undos.filter((undo) => !undo.includes('slow')).slice(1)).toEqual(LONG.toReversed().map((each) => `undo ${each.name} done`));
    expect(undos).toHaveLength(22);
  });
});
