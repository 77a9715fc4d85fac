import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlueprintRow } from '../../src/contracts/blueprint.ts';
import { JSON_DEPTH_MAX } from '../../src/contracts/json-issue.ts';
import { LIMITS } from '../../src/contracts/limits.ts';
import { MAX_STEPS } from '../../src/contracts/plan.ts';
import type { ProgressObject } from '../../src/contracts/progress.ts';
import { QUEUES } from '../../src/contracts/queues.ts';
import { SUSPENSION_MS_MAX, SUSPENSIONS_MAX } from '../../src/contracts/step-protocol.ts';
import { MAIN, ROOT } from '../support/cli.ts';
import { effectsFile, effectsOf, runPython, startPythonWorld, type PythonPlace, type PythonWorld } from '../support/python-steps.ts';
import { findPython } from '../support/python.ts';
import { until } from '../support/until.ts';

const pythons = [await findPython('blueprints on the Python worker')].filter((python) => python !== undefined);

let world: PythonWorld;
beforeAll(async () => {
  for (const python of pythons) world = await startPythonWorld(python);
});
afterAll(async () => {
  if (pythons.length > 0) await world.stop();
});

it('the bounds in the Python package are those of the contracts', () => {
  const source = ['protocol', 'strict_json', 'blueprint'].map((name) =>
    readFileSync(join(ROOT, `workers/python/src/cerebros/steps/${name}.py`), 'utf8'),
  );
  const found = source.join('\n').matchAll(/^([A-Z_]+) = (.+)$/gm);
  const constants = Object.fromEntries([...found].map(([, name, value]) => [name, value]));
  const product = (text: string | undefined): number =>
    (text ?? '').split('*').reduce((made, factor) => made * Number(factor.replaceAll('_', '')), 1);
  expect(product(constants['SUSPENSION_MS_MAX'])).toBe(SUSPENSION_MS_MAX);
  expect(product(constants['SUSPENSIONS_MAX'])).toBe(SUSPENSIONS_MAX);
  expect(product(constants['VALUE_BYTES_MAX'])).toBe(LIMITS.valueBytes);
  expect(product(constants['DEPTH_MAX'])).toBe(JSON_DEPTH_MAX);
  expect(product(constants['STEPS_MAX'])).toBe(MAX_STEPS);
  expect(constants['QUEUE']).toBe(`"${QUEUES.python}"`);
});

describe.each(pythons)('a workflow started from Python, with %s', () => {
  it('runs to its result, over a sleep and an approval', async () => {
    const { stack, worker } = world;
    const inputs = world.inputsOf('journey', { sleep_ms: 1200 });
    const running = runPython(world, ['run', 'journey', 'journey', JSON.stringify(inputs)]);
    await world.reaches('journey', 'climb', 'waiting');
    await stack.ask(['approve', 'journey', 'climb', '--as', 'ada', '--comment', 'go']);
    const { code, stdout } = await running;
    const run = await world.show('journey');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(run.result);
    expect(run.result).toEqual({
      pack: ['tent', 'rope'],
      rest: { packed: 2, slept_ms: expect.any(Number) as number },
      climb: { approved: true, by: 'ada', comment: 'go', key: `journey/${run.run_id}/2.0/do/0` },
    });
    const { rest } = run.result as { readonly rest: { readonly slept_ms: number } };
    expect(rest.slept_ms).toBeGreaterThanOrEqual(1200);
    expect(rest.slept_ms).toBeLessThan(4200);
    expect(effectsOf(stack, 'journey')).toEqual(['pack 1', 'rest 0', 'rest 1', 'rested', 'climb approved']);
    expect(run.steps.map(({ step_name, status, attempts, worker_id }) => [step_name, status, attempts, worker_id?.split('@')[0]])).toEqual(
      ['pack', 'rest', 'climb'].map((name) => [name, 'completed', 1, String(worker.pid)]),
    );
    const events = await stack.sql<{ type: string }[]>`select type from events where subject = 'journey' order by seq`;
    expect(events.map(({ type }) => type.replace('cerebros.saga.step.', '')).filter((type) => /sleeping|resumed/.test(type))).toEqual([
      'sleeping',
      'resumed',
      'sleeping',
      'resumed',
    ]);
    expect((await stack.cli(['ledger', 'verify', 'journey'])).code).toBe(0);
  });

  it('is started as other clients start it: the same id and input is the same run', async () => {
    const before = await world.show('journey');
    const { sha256 } = await world.stack.ask<{ readonly sha256: string }>(['blueprint', 'validate', '-'], {
      input: JSON.stringify(world.blueprints['journey']),
    });
    expect(before.inputs).toMatchObject({ sha256 });
    expect((await world.start('journey', 'journey', { sleep_ms: 1200 })).run_id).toBe(before.run_id);
    const again = await runPython(world, ['run', 'journey', 'journey', JSON.stringify(world.inputsOf('journey', { sleep_ms: 1200 }))]);
    expect(JSON.parse(again.stdout)).toEqual(before.result);
    const other = await runPython(world, ['run', 'journey', 'journey', JSON.stringify(world.inputsOf('journey', { sleep_ms: 1 }))]);
    expect(other).toMatchObject({ code: 5, stderr: expect.stringContaining('got that of a run with another input') as string });
  });

  it('carries the same memo and search attributes as one that is started by command', async () => {
    await world.start('journey', 'by-command', { sleep_ms: 0 });
    await world.reaches('by-command', 'climb', 'waiting');
    await world.stack.ask(['approve', 'by-command', 'climb', '--as', 'ada']);
    expect(await world.closes('by-command')).toMatchObject({ status: 'completed' });
    // The ledger is told before Temporal is.
    await world.stack.client.workflow.getHandle('by-command').result();
    const described = await Promise.all(['journey', 'by-command'].map((id) => world.stack.client.workflow.getHandle(id).describe()));
    const [python, command] = described.map(({ memo, type, taskQueue, typedSearchAttributes }) => ({
      memo,
      type,
      taskQueue,
      attributes: Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])),
    }));
    expect(python).toEqual(command);
  });

  it('wakes early, and is not approved by who asked for it or by who may not', async () => {
    const { stack } = world;
    const inputs = JSON.stringify(world.inputsOf('woken', { sleep_ms: 3_600_000, approvers: ['grace', 'ada'] }));
    const running = runPython({ ...world, env: { CEREBROS_USER: 'ada' } }, ['run', 'journey', 'woken', inputs]);
    await world.reaches('woken', 'rest', 'sleeping');
    await stack.ask(['wake', 'woken', 'rest']);
    await world.reaches('woken', 'climb', 'waiting');
    for (const name of ['ada', 'bob']) {
      const { code, stderr } = await stack.cli(['approve', 'woken', 'climb', '--as', name]);
      expect({ code, names: stderr.includes(name) }).toEqual({ code: 5, names: true });
    }
    await stack.ask(['reject', 'woken', 'climb', '--as', 'grace', '--comment', 'storm']);
    expect((await running).code).toBe(0);
    const run = await world.show('woken');
    expect(run.metadata).toEqual({ requested_by: 'ada' });
    expect(run.result).toMatchObject({ climb: { approved: false, by: 'grace', comment: 'storm' } });
    expect((run.result as { readonly rest: { readonly slept_ms: number } }).rest.slept_ms).toBeLessThan(60_000);
  });
});

describe.each(pythons)('the branches of a workflow in Python, with %s', () => {
  it('run in parallel', async () => {
    const { steps } = await world.start('branches', 'branches', {}, ['--wait']);
    const times = steps.map((step) => ({ from: Date.parse(step.started_at ?? ''), to: Date.parse(step.completed_at ?? '') }));
    const parallel = times.slice(1, 4);
    const [first, last] = [Math.min(...parallel.map(({ from }) => from)), Math.max(...parallel.map(({ to }) => to))];
    expect(last - first).toBeGreaterThanOrEqual(1000);
    expect(last - first).toBeLessThan(2500);
  });

  it('are undone in order when one fails, and the run says why', async () => {
    const inputs = JSON.stringify(world.inputsOf('undone', { fails: 'three', waits: ['two', 'four'] }));
    const { code, stdout } = await runPython(world, ['run', 'branches', 'undone', inputs]);
    expect(code).toBe(1);
    const failed = { status: 'rolled_back', reason: 'step_failed:three', code: 'ON_PURPOSE', message: 'on purpose' };
    expect(JSON.parse(stdout)).toEqual({ execution_id: 'undone', ...failed });
    const effects = effectsOf(world.stack, 'undone');
    const cancelled = ['undo four unknown UNKNOWN', 'undo three unknown ON_PURPOSE', 'undo two unknown UNKNOWN'];
    expect(effects.slice(0, 3).toSorted()).toEqual(cancelled);
    expect(effects.slice(3)).toEqual(['undo one done one']);
    const { steps } = await world.show('undone');
    expect(steps.map((step) => step.status)).toEqual(['compensated', 'cancelled', 'failed', 'cancelled', 'pending']);
  });
});

describe.each(pythons)('a workflow in Python, with %s', () => {
  it('adds steps to its own plan', async () => {
    const run = await world.start('growing', 'growing', { regions: { eu: 3, us: 4 } }, ['--wait']);
    expect(run.result).toEqual({ split: 2, 'count-eu': 3, 'count-us': 4, 'add-up': 7 });
    expect(run.steps.map(({ step_name, task_type, needs }) => [step_name, task_type, needs])).toEqual([
      ['split', 'split', []],
      ['count-eu', 'count', []],
      ['count-us', 'count', []],
      ['add-up', 'add_up', [1, 2]],
    ]);
  });

  it('shows how far a step is', async () => {
    await world.start('fragile', 'shown', { how: 'waits' });
    await until(() => effectsOf(world.stack, 'shown').length > 0);
    const progress = async (): Promise<number> => (await world.stack.ask<ProgressObject>(['progress', 'shown'])).progress;
    await until(async () => (await progress()) > 0);
    expect(await progress()).toBe(25);
    writeFileSync(`${effectsFile(world.stack, 'shown')}.go`, '');
    expect(await world.closes('shown')).toMatchObject({ status: 'completed' });
  });

  it('is registered with the command of this release', async () => {
    const bin = join(world.stack.dataDir, 'bin');
    mkdirSync(bin);
    chmodSync(MAIN, 0o755);
    symlinkSync(MAIN, join(bin, 'cerebros'));
    const here: PythonPlace = { ...world, env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, CEREBROS_USER: 'ada' } };
    const { stdout } = await runPython(here, ['register', 'journey', join(world.stack.dataDir, 'journey.json')]);
    const row = await world.stack.ask<BlueprintRow>(['blueprint', 'show', 'journey@1']);
    expect(JSON.parse(stdout)).toEqual(row);
    expect(row).toMatchObject({ registered_by: 'ada', definition: world.blueprints['journey'] });
  });
});
