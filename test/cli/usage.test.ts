import { describe, expect, it } from 'vitest';
import { cerebros, errorOf } from './fake-context.ts';

const COMMANDS = [
  '',
  'dev',
  'worker',
  'start',
  'list',
  'show',
  'progress',
  'watch',
  'pause',
  'resume',
  'halt',
  'cancel',
  'skip',
  'recover',
  'rollback',
  'undo',
  'undo retry',
  'plan',
  'graph',
  'events',
  'events tail',
  'ledger',
  'ledger verify',
  'ledger rebuild',
  'history',
  'replay',
  'predict',
  'models',
  'models list',
  'models show',
];

describe('the command line', () => {
  it.each([
    { args: ['strat'], meant: 'start' },
    { args: ['start', 'proof', '--inptu', 'x'], meant: '--input' },
  ])('exits 2 and says what was meant for $args', async ({ args, meant }) => {
    const ran = await cerebros(args);
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe('');
    expect(errorOf(ran)).toMatchObject({ code: 'USAGE', message: expect.stringContaining(meant) as string });
  });

  it.each([
    { args: ['show'], why: 'a missing argument' },
    { args: ['show', 'a', 'b'], why: 'an argument too many' },
    { args: ['start', 'proof'], why: 'a missing flag' },
    { args: ['start', 'proof', '--input', '-', '--on-failure', 'panic'], why: 'a word that is no choice' },
    { args: ['list', '--limit', '0'], why: 'a number out of range' },
    { args: ['list', '--status', 'happy'], why: 'a status that is none' },
    { args: ['dev', '--port', '99999'], why: 'a port that is none' },
    { args: ['show', 'a b'], why: 'an id that cannot be one', connect: true },
  ])('exits 2 for $why', async ({ args, connect }) => {
    const ran = await cerebros(args, connect ? { connect: () => Promise.resolve({ close: () => Promise.resolve() } as never) } : {});
    expect(ran.code).toBe(2);
    expect(errorOf(ran).hint).not.toBe('');
  });

  it('takes global flags before the command too', async () => {
    const ran = await cerebros(['-o', 'text', 'plan', 'proof', '--input', '-'], { stdin: '{"steps":["echo"],"inputs":{"message":"x"}}' });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('proof: 1 steps');
  });

  it.each(COMMANDS)('has a help text within 80 columns: %s', async (command) => {
    const ran = await cerebros([...command.split(' ').filter(Boolean), '--help']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('USAGE');
    expect(ran.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('prints its version', async () => {
    expect((await cerebros(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});
