import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelSaga, cancelRunAfterStep, haltRun, pauseRun, recoverRun, resumeRun, rollbackRun, showRun } from '../../src/client/index.ts';
import type { TrialRow } from '../../src/contracts/nas-search.ts';
import { parseVersion } from '../../src/contracts/version.ts';
import { startNasRig, type NasRig } from '../support/nas-rig.ts';
import {
  closed,
  differences,
  digits,
  filesOf,
  findings,
  leftOf,
  measurements,
  held,
  Hold,
  nasEventsOf,
  noop,
  NOTHING,
  openWorkflows,
  resultOf,
  searched,
  start,
  statusOf,
  trialsOf,
  viewOf,
} from '../support/nas-searches.ts';
import { stays } from '../support/stays.ts';
import { until } from '../support/until.ts';

let rig: NasRig;
beforeAll(async () => void (rig = await startNasRig()));
afterAll(() => rig.stop());

describe.concurrent('a search that is paused', () => {
  it('lets running trials finish and starts no other; resumed, it comes to what it would have come to', async () => {
    const hold = await held(rig, 'paused', noop({ seed: 5 }));
    await pauseRun(rig.cerebros, 'paused');
    await until(async () => (await viewOf(rig, 'paused')).status === 'paused', 10_000, 'the pause of the study');
    hold.letGo();
    await until(async () => (await viewOf(rig, 'paused')).trials.waiting === 2, 10_000, 'the results of the running trials');
    await stays(() => hold.came.length === 2, 1000, 'two rungs');
    expect(await showRun(rig.cerebros, 'paused')).toMatchObject({ status: 'paused' });
    await resumeRun(rig.cerebros, 'paused');
    expect(resultOf(await closed(rig, 'paused'))).toEqual({
      ...resultOf(await searched(rig, 'not-paused', noop({ seed: 5 }))),
      run_id: 'paused',
    });
    expect(await findings(rig, 'paused')).toEqual(await findings(rig, 'not-paused'));
  });
});

describe.concurrent('a search that is halted', () => {
  it('keeps all it has; recovered, it goes on with its trials, trains none again, and comes to the same weights as an undisturbed one', async () => {
    const hold = new Hold(rig, 'halted', ({ trial }) => trial === 3);
    await held(rig, 'halted', digits(), { hold, count: 5 });
    await haltRun(rig.cerebros, 'halted');
    hold.letGo();
    expect(await closed(rig, 'halted')).toMatchObject({ status: 'halted' });
    expect(await openWorkflows(rig, 'halted')).toEqual([]);
    expect(await statusOf(rig, 'halted.best')).toBe('NONE');
    const before = await trialsOf(rig, 'halted');
    expect(before.length).toBeGreaterThan(3);
    await recoverRun(rig.cerebros, 'halted', { from_step: 'execute_nas_run' });
    const result = resultOf(await closed(rig, 'halted'));
    const undisturbed = resultOf(await searched(rig, 'calm', digits()));
    expect(await findings(rig, 'halted')).toEqual(await findings(rig, 'calm'));
    expect(await measurements(rig, 'halted')).toEqual(await measurements(rig, 'calm'));
    expect(result.model_sha256).toBe(undisturbed.model_sha256);
    expect(new Set(hold.came).size, `each rung once: ${hold.came.join(', ')}`).toBe(hold.came.length);
    expect(startsOf(await trialsOf(rig, 'halted')).slice(0, before.length)).toEqual(startsOf(before));
    expect(await nasEventsOf(rig, 'halted')).toEqual(['cerebros.nas.run.started', 'cerebros.nas.run.completed']);
    // The sub-saga ran twice under one id, without a re-entry of its own: the second run's rows are newer all the same.
    const versions = await rig.sql<
      { readonly version: number }[]
    >`select version from saga_runs where id in ('halted', 'halted.run') order by id`;
    expect(versions.map(({ version }) => parseVersion(version).run_no)).toEqual([2, 1001]);
    expect(await differences(rig, 'halted')).toEqual([]);
  });

  it('is undone by a rollback, and by a cancel: nothing of it is left', async () => {
    for (const id of ['halted-rolled-back', 'halted-cancelled']) {
      const hold = await held(rig, id, noop());
      await haltRun(rig.cerebros, id);
      hold.letGo();
      expect(await closed(rig, id)).toMatchObject({ status: 'halted' });
      expect(filesOf(rig)).toContain(`runs/${id}/study.jsonl`);
    }
    await rollbackRun(rig.cerebros, 'halted-rolled-back');
    await cancelSaga(rig.cerebros, 'halted-cancelled');
    for (const id of ['halted-rolled-back', 'halted-cancelled']) await expectNothingLeft(id);
  });
});

const startsOf = (trials: readonly TrialRow[]): unknown[] => trials.map((trial) => trial.started_at);

describe.concurrent('a search that is cancelled', () => {
  it('in the middle leaves nothing: its trials have closed, its folder is gone, and it says so once', async () => {
    const hold = new Hold(rig, 'cancelled', ({ trial }) => trial >= 3);
    await held(rig, 'cancelled', digits({ budget: { max_trials: 8 } }), { hold, count: 5 });
    await cancelSaga(rig.cerebros, 'cancelled');
    await expectNothingLeft('cancelled');
    expect(await statusOf(rig, 'cancelled.t0003')).toBe('CANCELLED');
    const statuses = (await trialsOf(rig, 'cancelled')).map((trial) => trial.status);
    expect(new Set(statuses)).toEqual(new Set(['cancelled']));
    expect(hold.came.length, 'rungs').toBeLessThan(8);
  });

  it('while its winner is trained again leaves nothing', async () => {
    const id = 'cancelled-late';
    const hold = new Hold(rig, id, ({ final }) => final);
    await start(rig, id, digits({ budget: { max_trials: 2 } }));
    await until(() => hold.came.includes('best'), 30_000, 'the training of the winner');
    await cancelSaga(rig.cerebros, id);
    await expectNothingLeft(id);
    expect(await statusOf(rig, `${id}.best`)).toBe('CANCELLED');
  });

  it('after its step leaves nothing either, not even the model that was registered; what another search came to as well stays', async () => {
    const id = 'cancelled-after';
    const input = digits({ seed: 8, budget: { max_trials: 2 } });
    const same = resultOf(await searched(rig, 'same-model', input));
    const hold = await held(rig, id, input);
    await cancelRunAfterStep(rig.cerebros, id);
    hold.letGo();
    const run = await closed(rig, id);
    expect(run.steps[3]?.output).toMatchObject({ model_id: id, model_uri: same.model_uri });
    await expectNothingLeft(id);
    expect(filesOf(rig)).toContain(`sha256/${same.model_sha256?.slice(0, 2)}/${same.model_sha256?.slice(2)}`);
    expect(filesOf(rig)).toContain('runs/same-model/best/model.bin');
  });
});

async function expectNothingLeft(id: string): Promise<void> {
  expect(await closed(rig, id)).toMatchObject({ status: 'rolled_back' });
  expect(await nasEventsOf(rig, id)).toEqual(['cerebros.nas.run.started', 'cerebros.nas.run.cancelled']);
  expect(await leftOf(rig, id)).toEqual(NOTHING);
  expect(await differences(rig, id)).toEqual([]);
}
