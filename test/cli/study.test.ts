import { describe, expect, it } from 'vitest';
import type { Cerebros } from '../../src/client/connect.ts';
import type { StudyView } from '../../src/contracts/nas-search.ts';
import { cerebros, errorOf, type Ran } from './fake-context.ts';

const VIEW: StudyView = {
  search_id: 'search',
  status: 'running',
  parallel: 2,
  max_trials: 20,
  trials: { started: 7, completed: 4, pruned: 1, failed: 0, cancelled: 0, running: 2, waiting: 0 },
  best: { number: 3, params: { depth: 2 }, value: 0.95, epochs: 3, param_count: 101_770 },
  epochs_trained: 13,
};

/** A stack whose studies take every edit. */
function stack(): { readonly edits: unknown[]; run(args: readonly string[], stdin?: string): Promise<Ran> } {
  const edits: unknown[] = [];
  const getHandle = (id: string) => ({
    executeUpdate: (name: string, { args }: { readonly args: unknown[] }) => {
      edits.push([id, name, ...args]);
      return Promise.resolve(VIEW);
    },
  });
  const client = { withDeadline: (_: number, call: () => unknown) => call(), workflow: { getHandle } };
  const fake = { temporal: () => Promise.resolve(client), close: () => Promise.resolve() } as unknown as Cerebros;
  return { edits, run: (args, stdin = '') => cerebros(['study', ...args], { stdin, connect: () => Promise.resolve(fake) }) };
}

describe('study', () => {
  it.each([
    { args: ['extend', 'search', '--max-trials', '40'], edit: ['studyExtend', { max_trials: 40 }] },
    { args: ['parallel', 'search', '4'], edit: ['studyParallel', { parallel: 4 }] },
    {
      args: ['enqueue', 'search', '--params', '-'],
      stdin: 'depth: 2\nop: conv\n',
      edit: ['studyEnqueue', { params: { depth: 2, op: 'conv' } }],
    },
    { args: ['stop', 'search'], edit: ['studyStop'] },
  ])('asks the study of the search, and prints where it stands: $args', async ({ args, stdin, edit }) => {
    const { edits, run } = stack();
    const ran = await run(args, stdin);
    expect(ran.code).toBe(0);
    expect(edits).toEqual([['search.study', ...edit]]);
    expect(JSON.parse(ran.stdout)).toEqual(VIEW);
  });

  it('says it as text', async () => {
    const { stdout, stderr } = await stack().run(['stop', 'search', '-o', 'text']);
    expect(stdout).toBe(
      [
        'search   search',
        'status   running',
        'trials   7 trials, 5 done: 4 completed, 1 pruned, 2 running',
        'best     0.9500 (trial 3, 3 epochs)',
        'at most  20 trials, 2 in flight',
        'trained  13 epochs',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('next: cerebros leaderboard search\n');
  });

  it.each([
    { args: ['extend', 'search'], said: 'max-trials', why: 'a missing flag' },
    { args: ['extend', 'search', '--max-trials', 'many'], said: 'expected a whole number, got many', why: 'a number that is none' },
    {
      args: ['extend', 'search', '--max-trials', '0'],
      said: 'max_trials: expected a whole number from 1 to 10000, got 0',
      why: 'too few trials',
    },
    { args: ['parallel', 'search', '65'], said: 'parallel: expected a whole number from 1 to 64, got 65', why: 'too many in flight' },
    { args: ['parallel', 'search'], said: 'N', why: 'a missing number' },
    { args: ['enqueue', 'search', '--params', '-'], stdin: '[1]', said: 'params: expected a configuration, got [1]', why: 'a list' },
    { args: ['enqueue', 'search', '--params', 'absent.json'], said: 'no such file', why: 'a file that is not there' },
    { args: ['halt', 'search'], said: 'expected a command, got "halt"', why: 'an edit that is none' },
  ])('exits 2 for $why, and edits nothing', async ({ args, stdin, said }) => {
    const { edits, run } = stack();
    const ran = await run(args, stdin);
    expect(ran.code).toBe(2);
    expect(errorOf(ran).message).toContain(said);
    expect(edits).toEqual([]);
  });

  it.each([[[]], [['extend']], [['parallel']], [['enqueue']], [['stop']]])('has a help text within 80 columns: %j', async (command) => {
    const ran = await cerebros(['study', ...command, '--help']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('USAGE');
    expect(ran.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
