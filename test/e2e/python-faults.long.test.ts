import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/contracts/errors.ts';
import { ROOT } from '../support/cli.ts';
import { effectsFile, effectsOf, startPythonWorker, startPythonWorld, type PythonWorld } from '../support/python-steps.ts';
import { findPython } from '../support/python.ts';
import { until } from '../support/until.ts';

const pythons = [await findPython('faults of blueprints on the Python worker')].filter((python) => python !== undefined);

let world: PythonWorld;
beforeAll(async () => {
  for (const python of pythons) world = await startPythonWorld(python);
});
afterAll(async () => {
  if (pythons.length > 0) await world.stop();
});

it('the codes that the Python worker gives are those of the catalogue', () => {
  const source = readFileSync(join(ROOT, 'workers/python/src/cerebros/steps/failures.py'), 'utf8');
  const codes = /Code = Literal\[([^\]]+)\]/.exec(source)?.[1]?.match(/[A-Z_]+/g) ?? [];
  expect(codes.length).toBeGreaterThan(4);
  expect(Object.keys(ERROR_CODES)).toEqual(expect.arrayContaining(codes));
});

describe.each(pythons)('what a step in Python does wrong is told in the run, which undoes, with %s', () => {
  it.each([
    { what: 'nan', code: 'VALUE_NOT_JSON', says: 'the result of step bad holds nan at its root: write None' },
    { what: 'infinity', code: 'VALUE_NOT_JSON', says: 'inf at /a/0' },
    { what: 'a set', code: 'VALUE_NOT_JSON', says: 'a set at /tags, which JSON cannot carry: write sorted(…)' },
    { what: 'a date', code: 'VALUE_NOT_JSON', says: 'a date at /on, which JSON cannot carry: write ….isoformat()' },
    { what: 'a cycle', code: 'VALUE_NOT_JSON', says: 'itself at /0' },
    { what: '300 deep', code: 'VALUE_NOT_JSON', says: 'values nested more than 200 deep' },
    { what: '3 MB', code: 'PAYLOAD_TOO_LARGE', says: '3000002 bytes of JSON, expected at most 262144: store it as a file' },
    { what: 'a huge message', code: 'ValueError', says: 'x'.repeat(1000) },
    { what: 'an exit', code: 'SystemExit', says: '1' },
    { what: 'a mismatch', code: 'RESUME_MISMATCH', says: 'suspension 1: asked for an approval, and had a sleep before' },
  ])('$what', async ({ what, code, says }) => {
    const id = `bad-${what.replaceAll(' ', '-')}`;
    const run = await world.start('bad', id, { what }, ['--wait']);
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:bad' } });
    expect(run.steps.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['compensated', 1],
      ['failed', 1],
    ]);
    expect(run.steps[1]?.error?.code).toBe(code);
    expect(run.steps[1]?.error?.message).toContain(says);
    expect(effectsOf(world.stack, id)).toEqual(['undo before done']);
  });
});

describe.each(pythons)('a step in Python, with %s', () => {
  it('runs again on another worker when its own was killed, under the same key', async () => {
    await world.start('fragile', 'killed', { how: 'dies' });
    await until(() => effectsOf(world.stack, 'killed').length > 0);
    const successor = await startPythonWorker(world);
    const run = await world.closes('killed');
    expect(run.result).toEqual({ fragile: 2 });
    expect(run.steps).toMatchObject([
      { status: 'completed', attempts: 2, worker_id: expect.stringContaining(`${successor.pid}@`) as string },
    ]);
    const [first, second, ...more] = effectsOf(world.stack, 'killed');
    expect([first, second, more]).toEqual([first, first?.replace('fragile 1', 'fragile 2'), []]);
    expect(await successor.end('SIGTERM')).toBe(0);
  });

  it('finishes when its worker is told to stop, which then ends with 0', async () => {
    const worker = await startPythonWorker(world);
    await world.start('fragile', 'stopped', { how: 'waits' });
    await until(() => effectsOf(world.stack, 'stopped').length > 0);
    const ended = worker.end('SIGTERM');
    writeFileSync(`${effectsFile(world.stack, 'stopped')}.go`, '');
    expect(await ended).toBe(0);
    expect(await world.closes('stopped')).toMatchObject({ status: 'completed', result: { fragile: 1 } });
  });

  it('is ended and left to another worker when it takes longer than the grace of its own', async () => {
    const worker = await startPythonWorker(world);
    await world.start('fragile', 'left', { how: 'waits' });
    await until(() => effectsOf(world.stack, 'left').length > 0);
    expect(await worker.end('SIGTERM')).toBe(0);
    const successor = await startPythonWorker(world);
    writeFileSync(`${effectsFile(world.stack, 'left')}.go`, '');
    expect(await world.closes('left')).toMatchObject({ status: 'completed', result: { fragile: 2 } });
    expect(await successor.end('SIGTERM')).toBe(0);
  });

  it('is cancelled where it waits, and undone as unknown', async () => {
    const worker = await startPythonWorker(world);
    await world.start('fragile', 'cancelled', { how: 'waits' });
    await until(() => effectsOf(world.stack, 'cancelled').length > 0);
    await world.stack.ask(['cancel', 'cancelled']);
    expect(await world.closes('cancelled')).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(effectsOf(world.stack, 'cancelled').slice(1)).toEqual(['undo fragile unknown UNKNOWN']);
    expect(await worker.end('SIGTERM')).toBe(0);
  });
});

describe.each(pythons)('a run whose step in Python is silent says so and undoes, with %s', () => {
  it('when the step hangs and with it the heartbeats of its worker', async () => {
    const worker = await startPythonWorker(world, 'hangs');
    const steady = await startPythonWorker(world);
    const run = await world.start('hangs', 'hangs', {}, ['--wait']);
    expect(run.steps[1]?.error).toEqual({ code: 'TIMEOUT', message: 'Heartbeat timeout' });
    expect(run.status).toBe('rolled_back');
    expect(effectsOf(world.stack, 'hangs')).toEqual(['hangs', 'undo before done']);
    await Promise.all([worker.end('SIGKILL'), steady.end('SIGTERM')]);
  });

  it('when no worker polls its queue', async () => {
    const steady = await startPythonWorker(world);
    const run = await world.start('lonely', 'lonely', {}, ['--wait']);
    expect(run.steps[1]?.error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('no worker polls') as string });
    expect(effectsOf(world.stack, 'lonely')).toEqual(['undo before done']);
    await steady.end('SIGTERM');
  });
});
