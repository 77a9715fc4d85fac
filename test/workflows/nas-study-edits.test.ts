import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enqueueTrial, extendStudy, haltRun, setParallel, stopStudy, studyView } from '../../src/client/index.ts';
import { startNasRig, type NasRig } from '../support/nas-rig.ts';
import { closed, held, Hold, noop, openWorkflows, resultOf, start, statusOf, trialsOf, viewOf } from '../support/nas-searches.ts';
import { refusalOf } from '../support/saga-runs.ts';
import { stays } from '../support/stays.ts';
import { until } from '../support/until.ts';

let rig: NasRig;
beforeAll(async () => void (rig = await startNasRig()));
afterAll(() => rig.stop());

describe.concurrent('a live edit', () => {
  it('extends a search, and shortens it: it starts exactly so many trials', async () => {
    const hold = await held(rig, 'extended', noop({ budget: { max_trials: 5 } }));
    expect(await extendStudy(rig.cerebros, 'extended', 30)).toMatchObject({ max_trials: 30, status: 'running' });
    expect(await extendStudy(rig.cerebros, 'extended', 10)).toMatchObject({ max_trials: 10, trials: { running: 3 } });
    hold.letGo();
    expect(resultOf(await closed(rig, 'extended'))).toMatchObject({ trials: { started: 10 }, stopped_by: 'max_trials' });
    expect(await trialsOf(rig, 'extended')).toHaveLength(10);
  });

  it('keeps more trials in flight at once, and then fewer, which lets those over it finish', async () => {
    const hold = await held(rig, 'parallel', noop());
    expect(await setParallel(rig.cerebros, 'parallel', 5)).toMatchObject({ parallel: 5 });
    await hold.until(5);
    expect(await setParallel(rig.cerebros, 'parallel', 1)).toMatchObject({ parallel: 1 });
    await stays(() => hold.came.length === 5, 500, 'five trials in flight');
    hold.letGo();
    expect(resultOf(await closed(rig, 'parallel')).trials.started).toBe(8);
  });

  it('has a configuration tried next, once', async () => {
    const params = { x: 0.123456 };
    const hold = await held(rig, 'enqueued', noop());
    await enqueueTrial(rig.cerebros, 'enqueued', params);
    hold.letGo();
    expect(resultOf(await closed(rig, 'enqueued')).trials.started).toBe(8);
    const own = (await trialsOf(rig, 'enqueued')).filter((trial) => trial.params['x'] === params.x);
    // Three were decided on before it.
    expect(own.map((trial) => trial.number)).toEqual([3]);
  });

  it('ends a search early, keeps the best so far, and cancels what is in flight', async () => {
    const hold = await held(rig, 'stopped', noop(), { hold: new Hold(rig, 'stopped', ({ trial }) => trial > 3), count: 6 });
    await until(async () => (await viewOf(rig, 'stopped')).best !== null, 10_000, 'a best trial');
    const view = await stopStudy(rig.cerebros, 'stopped');
    expect(view).toMatchObject({ status: 'done', trials: { running: 0 } });
    const result = resultOf(await closed(rig, 'stopped'));
    expect(result).toMatchObject({ stopped_by: 'stopped', best: view.best });
    expect(result.trials.cancelled).toBeGreaterThan(0);
    expect(await openWorkflows(rig, 'stopped')).toEqual([]);
    const cancelled = (await trialsOf(rig, 'stopped')).filter((trial) => trial.status === 'cancelled').map((trial) => trial.number);
    const flying = cancelled.filter((number) => hold.came.includes(`${number}:1`));
    for (const number of flying) expect(await statusOf(rig, `stopped.t000${number}`)).toBe('CANCELLED');
    expect(flying).not.toEqual([]);
    expect(hold.came.at(-1), 'after the stop nothing but the winner').toBe('best');
  });
});

describe('an edit that cannot be', () => {
  const handle = () => rig.client.workflow.getHandle('refusing.study');
  let hold: Hold;
  beforeAll(async () => {
    hold = await held(rig, 'refusing', noop());
  });

  it.each([
    ['studyExtend', { max_trials: 2 }, 'max_trials: expected a whole number from 3 to 10000, got 2'],
    ['studyExtend', { max_trials: 10_001 }, 'max_trials: expected a whole number from 3 to 10000, got 10001'],
    ['studyExtend', { max_trials: 3.5 }, 'got 3.5'],
    ['studyExtend', { max_trials: '9' }, 'got "9"'],
    ['studyExtend', {}, 'got undefined'],
    ['studyParallel', { parallel: 0 }, 'parallel: expected a whole number from 1 to 64, got 0'],
    ['studyParallel', { parallel: 65 }, 'got 65'],
    ['studyEnqueue', { params: null }, 'params: expected an object of parameters, got null'],
    ['studyEnqueue', { params: [1] }, 'got [1]'],
    ['studyEnqueue', {}, 'got undefined'],
  ])('is refused and changes nothing: %s %j', async (update, input, says) => {
    const before = await viewOf(rig, 'refusing');
    expect(await refusalOf(handle().executeUpdate(update, { args: [input] }))).toContain(says);
    expect(await viewOf(rig, 'refusing')).toEqual(before);
  });

  it('is refused of a study that is halting, and of one that is over', async () => {
    await haltRun(rig.cerebros, 'refusing');
    await until(async () => {
      const refused = await handle()
        .executeUpdate('studyParallel', { args: [{ parallel: 2 }] })
        .then(
          () => '',
          (error: unknown) => String(error instanceof Error ? error.cause : error),
        );
      return refused.includes('the study is halting');
    });
    hold.letGo();
    await closed(rig, 'refusing');
    await expect(setParallel(rig.cerebros, 'refusing', 3)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringContaining('halted') as string,
    });
    expect(await studyView(rig.cerebros, 'extended')).toMatchObject({ status: 'done', parallel: 2 });
  });

  it('of a configuration that makes no network is refused, with the parameter; the engine that trains nothing takes any', async () => {
    const id = 'checking';
    const dense = { depth: { type: 'int', low: 1, high: 2 } };
    const holding = await held(rig, id, { ...noop({ engine: 'typescript', search_space: dense, budget: { max_trials: 3 } }) });
    const study = rig.client.workflow.getHandle(`${id}.study`);
    expect(await refusalOf(study.executeUpdate('studyEnqueue', { args: [{ params: { widht: 8 } }] }))).toContain('params.widht');
    expect(await refusalOf(study.executeUpdate('studyEnqueue', { args: [{ params: { width: 0 } }] }))).toContain(
      'params.width: expected an integer from 1 to 1024',
    );
    await stopStudy(rig.cerebros, id).catch(() => undefined);
    holding.letGo();
    expect((await closed(rig, id)).status).toBe('rolled_back');
  });
});

describe.concurrent('a budget of time', () => {
  it('ends a search when it is spent, with what it has, and stops what is in flight', async () => {
    const hold = new Hold(rig, 'timed', ({ trial }) => trial >= 4);
    const began = Date.now();
    await start(rig, 'timed', noop({ budget: { max_trials: 8, max_time_s: 3 } }));
    const result = resultOf(await closed(rig, 'timed'));
    expect(Date.now() - began).toBeGreaterThan(3000);
    expect(result.stopped_by).toBe('max_time');
    expect(result.trials.cancelled).toBeGreaterThan(0);
    expect(await openWorkflows(rig, 'timed')).toEqual([]);
    expect(hold.came).toContain('best');
  });
});
