import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { TrainRungInput } from '../../src/contracts/train-rung.ts';
import { getModel } from '../../src/ledger/queries/get-model.ts';
import { startNasRig, type NasRig } from '../support/nas-rig.ts';
import {
  closed,
  DIVERGING,
  differences,
  digits,
  eventsOf,
  filesOf,
  findings,
  leftOf,
  nasEventsOf,
  noop,
  NOTHING,
  openWorkflows,
  resultOf,
  searched,
  start,
  statusOf,
  trialsOf,
} from '../support/nas-searches.ts';

let rig: NasRig;
beforeAll(async () => void (rig = await startNasRig()));
afterAll(() => rig.stop());

const names = (run: SagaRun): (readonly [string, string])[] => run.steps.map((step) => [step.step_name, step.status]);

describe.concurrent('a search', () => {
  it('completes in six steps, tells of its start, its trials and its end in this order, and the ledger agrees', async () => {
    const rungs: TrainRungInput[] = [];
    rig.around('simple', 'trainRung', (rung: TrainRungInput, proceed) => (rungs.push(rung), proceed()));
    const run = await searched(rig, 'simple', noop());
    // Nothing is trained twice: what was promoted goes on from its checkpoint.
    const stretches = rungs.map(({ trial, checkpoint, to_epoch, final }) =>
      [final ? 'best' : trial, checkpoint?.epoch ?? 0, to_epoch].join(' '),
    );
    expect(stretches.filter((stretch) => stretch.endsWith(' 1 3'))).toHaveLength(resultOf(run).trials.completed);
    expect(new Set(stretches).size).toBe(8 + resultOf(run).trials.completed + 1);
    const result = resultOf(run);
    expect(names(run).map(([name]) => name)).toEqual([
      'check_enabled',
      'ensure_run_id',
      'publish_start_event',
      'execute_nas_run',
      'process_results',
      'publish_complete_event',
    ]);
    expect(result).toMatchObject({
      run_id: 'simple',
      stopped_by: 'max_trials',
      trials: { started: 8, failed: 0, cancelled: 0 },
      model_id: null,
    });
    const trials = await trialsOf(rig, 'simple');
    expect(result.best.value).toBe(Math.max(...trials.filter((trial) => trial.epochs === 3).map((trial) => trial.value ?? 0)));
    const events = await eventsOf(rig, 'simple');
    expect([events[0], events.at(-1)]).toEqual(['cerebros.nas.run.started', 'cerebros.nas.run.completed']);
    expect(events.filter((type) => type === 'cerebros.trial.started')).toHaveLength(8);
    expect(events.filter((type) => type === 'cerebros.trial.completed')).toHaveLength(result.trials.completed);
    expect(await openWorkflows(rig, 'simple')).toEqual([]);
    expect(await differences(rig, 'simple')).toEqual([]);
  });

  it('on images finds a model, trains it again on all but the test images, and keeps nothing else; the same seed gives the same again', async () => {
    const [run, again, other] = await Promise.all([
      searched(rig, 'digits', digits()),
      searched(rig, 'digits-again', digits()),
      searched(rig, 'digits-other', digits({ seed: 4 })),
    ]);
    const result = resultOf(run);
    const { model_sha256, model_uri, curve_uri, test_accuracy } = result;
    expect(test_accuracy).toBeGreaterThan(0.5);
    expect(await getModel(rig.sql, 'digits')).toMatchObject({
      sha256: model_sha256,
      uri: model_uri,
      metrics: { test_accuracy, curve_uri },
    });
    expect(await findings(rig, 'digits-again')).toEqual(await findings(rig, 'digits'));
    // The curve tells how long each epoch took, too.
    expect(resultOf(again)).toEqual({ ...result, run_id: 'digits-again', model_id: 'digits-again', curve_uri: expect.any(String) });
    expect(resultOf(other).model_sha256).not.toBe(model_sha256);
    const files = filesOf(rig).filter((file) => file.includes('digits/'));
    expect(files.toSorted()).toEqual(
      expect.arrayContaining(['runs/digits/search.json', 'runs/digits/study.jsonl', 'runs/digits/best/model.bin']),
    );
    expect(files.filter((file) => file.includes('trials') || file.endsWith('.tmp'))).toEqual([]);
  });
});

describe.concurrent('one search with a trial that diverges, one that is too large and one that crashes', () => {
  it('completes with exactly its trials, of which three have failed, each with its reason', async () => {
    const enqueue = [{ depth: 1, width: 8 }, DIVERGING, { depth: 8, width: 1024 }];
    const run = await searched(
      rig,
      'three-fail',
      digits({ enqueue, drill: { crash_trials: [3] }, constraints: { max_params: 2_000_000 } }),
    );
    expect(resultOf(run)).toMatchObject({ trials: { started: 6, failed: 3, cancelled: 0 }, stopped_by: 'max_trials' });
    const trials = await trialsOf(rig, 'three-fail');
    expect(trials.map(({ number, error }) => [number, error?.code ?? null])).toEqual([
      [0, null],
      [1, 'TRAINING_DIVERGED'],
      [2, 'MODEL_TOO_LARGE'],
      [3, 'TRAINING_THREAD_LOST'],
      [4, null],
      [5, null],
    ]);
    expect(trials[1]?.error?.message).toMatch(/NaN|infinite|finite/);
    expect(trials[2]?.error?.message).toContain('2000000 parameters');
    expect(trials[3]?.error?.message).toContain('3 times in a row');
    expect((await eventsOf(rig, 'three-fail')).filter((type) => type === 'cerebros.trial.failed')).toHaveLength(3);
  });
});

async function expectUndone(id: string, run: SagaRun): Promise<void> {
  expect(run.status).toBe('rolled_back');
  expect(await nasEventsOf(rig, id)).toEqual(['cerebros.nas.run.started', 'cerebros.nas.run.failed']);
  expect(await leftOf(rig, id)).toEqual(NOTHING);
  expect(await differences(rig, id)).toEqual([]);
}

describe.concurrent('a search that cannot finish', () => {
  it('because its result does not hold is undone: model, folder and registry', async () => {
    const id = 'damaged';
    rig.around(id, 'registerBest', async (_, proceed) => {
      const returned = (await proceed()) as { readonly output: { readonly model_sha256: string } };
      const { model_sha256 } = returned.output;
      // As a disk that lies would.
      writeFileSync(join(rig.artifactsDir, 'sha256', model_sha256.slice(0, 2), model_sha256.slice(2)), 'damaged');
      return returned;
    });
    const run = await searched(rig, id, digits({ seed: 77, budget: { max_trials: 2 } }));
    expect(run.error).toMatchObject({ reason: 'step_failed:process_results', message: expect.stringContaining('damaged') as string });
    expect(run.steps.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
      ...Array.from({ length: 4 }, () => ['compensated', null]),
      ['failed', 'RESULT_INVALID'],
      ['pending', null],
    ]);
    await expectUndone(id, run);
  });

  it('because its model is not what was trained is undone', async () => {
    const id = 'swapped';
    rig.around(id, 'registerBest', async (_, proceed) => {
      const file = join(rig.artifactsDir, 'runs', id, 'best', 'model.bin');
      writeFileSync(file, readFileSync(file).subarray(1));
      return proceed();
    });
    const run = await searched(rig, id, digits({ budget: { max_trials: 2 } }));
    expect(run.error).toMatchObject({ reason: 'step_failed:execute_nas_run', message: expect.stringContaining('sha256') as string });
    await expectUndone(id, run);
  });

  it('because the winner cannot be trained again is undone, and says why', async () => {
    const id = 'no-winner';
    rig.around(id, 'trainRung', async (rung: TrainRungInput, proceed) => {
      if (rung.final) throw ApplicationFailure.nonRetryable('the loss became NaN', 'TRAINING_DIVERGED');
      return proceed();
    });
    const run = await searched(rig, id, noop({ budget: { max_trials: 3 } }));
    expect(run.error?.message).toContain('the best configuration could not be trained again: the loss became NaN');
    await expectUndone(id, run);
  });

  it.each([
    { id: 'none', budget: { max_trials: 3 }, failing: () => true, code: 'NO_TRIAL_COMPLETED', says: 'trial 0: TRAINING_DIVERGED' },
    {
      id: 'too-many',
      budget: { max_trials: 8, max_failed_trials: 1 },
      failing: ({ trial }: TrainRungInput) => trial === 1 || trial === 2,
      code: 'TOO_MANY_FAILED_TRIALS',
      says: 'trial 1: TRAINING_DIVERGED',
    },
  ])('because of its trials is undone, and says why: $code', async ({ id, budget, failing, says, code }) => {
    rig.around(id, 'trainRung', async (rung: TrainRungInput, proceed) => {
      if (failing(rung)) throw ApplicationFailure.nonRetryable('the loss became NaN', 'TRAINING_DIVERGED');
      return proceed();
    });
    const run = await searched(rig, id, noop({ budget }));
    expect(run.error?.message).toContain(says);
    const inner = await rig.sql`select error from saga_step_results where saga_id = ${`${id}.run`} and step_name = 'run_trials'`;
    expect(inner[0]?.['error']).toMatchObject({ code });
    await expectUndone(id, run);
  });

  it('because its folder is lost is undone', async () => {
    const id = 'lost-folder';
    let calls = 0;
    rig.around(id, 'advanceStudy', async (_, proceed) => {
      calls += 1;
      // From then on: a workflow task that Temporal refuses calls again.
      if (calls >= 3) throw ApplicationFailure.nonRetryable('expected the folder, found none', 'STUDY_FILE_MISSING');
      return proceed();
    });
    await start(rig, id, noop());
    const run = await closed(rig, id);
    expect(run.error?.message).toContain('expected the folder');
    await expectUndone(id, run);
    expect(await statusOf(rig, `${id}.study`)).toBe('FAILED');
  });
});

describe.concurrent('a worker that takes no searches', () => {
  it('refuses one before anything is done, and says how to change that', async () => {
    const off = await startNasRig({ enabled: false });
    try {
      const run = await searched(off, 'refused', noop());
      expect(run.status).toBe('rolled_back');
      expect(run.error).toMatchObject({
        reason: 'step_failed:check_enabled',
        message: expect.stringContaining('CEREBROS_NAS_ENABLED=true') as string,
      });
      expect(run.steps[0]?.error).toMatchObject({ code: 'NAS_DISABLED' });
      expect(await eventsOf(off, 'refused')).toEqual([]);
      expect(filesOf(off)).toEqual([]);
    } finally {
      await off.stop();
    }
  });
});
