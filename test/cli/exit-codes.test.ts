import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/contracts/user-error.ts';
import { cerebros, errorOf, stackThatThrows } from './fake-context.ts';

const unavailable = Object.assign(new Error('14 UNAVAILABLE: gone'), { code: 14, details: 'gone' });

describe('exit codes', () => {
  it.each([1, 2, 3, 4, 5] as const)('a UserError of %i exits so', async (exitCode) => {
    const ran = await cerebros(['list'], {
      connect: stackThatThrows(new UserError('SOME_CODE', 'it failed', { hint: 'do this', exitCode })),
    });
    expect(ran.code).toBe(exitCode);
    expect(errorOf(ran)).toEqual({ code: 'SOME_CODE', message: 'it failed', hint: 'do this' });
    expect(ran.stdout).toBe('');
  });

  it.each([
    { error: unavailable, code: 3, name: 'TEMPORAL_UNREACHABLE' },
    {
      error: Object.assign(new Error('call failed', { cause: unavailable }), { name: 'ServiceError' }),
      code: 3,
      name: 'TEMPORAL_UNREACHABLE',
    },
    { error: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), code: 3, name: 'LEDGER_UNREACHABLE' },
    { error: new Error('a fault of ours'), code: 1, name: 'INTERNAL' },
  ])('$name exits $code', async ({ error, code, name }) => {
    const ran = await cerebros(['list'], { connect: stackThatThrows(error) });
    expect(ran.code).toBe(code);
    expect(errorOf(ran).code).toBe(name);
  });

  it('shows a stack trace with --debug, and none without', async () => {
    const connect = stackThatThrows(new Error('a fault of ours'));
    expect((await cerebros(['list', '-o', 'text'], { connect })).stderr).not.toMatch(/\n\s+at /);
    expect((await cerebros(['list', '-o', 'text', '--debug'], { connect })).stderr).toMatch(/\n\s+at /);
  });

  it('says the fault and the next thing to do as text', async () => {
    const error = new UserError('SOME_CODE', 'it \u001b[31mfailed', { hint: 'do this', exitCode: 5 });
    const ran = await cerebros(['list'], { tty: true, connect: stackThatThrows(error) });
    expect(ran.stderr).toBe('error: it failed\n  next: do this\n');
  });
});
