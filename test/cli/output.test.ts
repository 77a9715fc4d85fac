import { describe, expect, it } from 'vitest';
import { colorsFor } from '../../src/cli/text/colors.ts';
import { liveScreen } from '../../src/cli/text/live-screen.ts';
import { plain } from '../../src/cli/text/plain.ts';
import { progressText } from '../../src/cli/text/progress-text.ts';
import { table } from '../../src/cli/text/table.ts';
import { duration } from '../../src/cli/text/time-text.ts';
import { cerebros, stackWithRows } from './fake-context.ts';

const ROW = {
  id: 'run-\u001b]8;;http://evil\u0007x\u001b[2J1',
  kind: 'proof',
  status: 'completed',
  plan: [{ name: 'echo' }],
  current_step_idx: null,
  created_at: '2026-01-01T00:00:00.000Z',
};
const connect = stackWithRows([ROW, { ...ROW, id: `long-${'x'.repeat(195)}` }]);

const coloured = (env: Record<string, string>, tty: boolean) => cerebros(['list', '-o', 'text'], { connect, tty, env });

describe('output', () => {
  it('is JSON when piped and text on a terminal', async () => {
    expect(JSON.parse((await cerebros(['list'], { connect })).stdout)).toHaveLength(2);
    expect((await cerebros(['list'], { connect, tty: true })).stdout).toMatch(/^ID/);
  });

  it('is a line for each item as jsonl', async () => {
    const lines = (await cerebros(['list', '-o', 'jsonl'], { connect })).stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual([ROW.id, `long-${'x'.repeat(195)}`]);
  });

  it('carries no escape sequences of others, in no mode', async () => {
    for (const mode of ['text', 'json', 'jsonl']) {
      const { stdout } = await cerebros(['list', '-o', mode], { connect });
      expect([...stdout].filter((char) => char < ' ' && char !== '\n')).toEqual([]);
    }
  });

  it('stays within 80 columns', async () => {
    const { stdout } = await cerebros(['list', '-o', 'text'], { connect });
    expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
  });

  it('has colours on a terminal only, and none with NO_COLOR', async () => {
    expect((await coloured({}, true)).stdout).toContain('\u001b[32mcompleted');
    expect((await coloured({ NO_COLOR: '1' }, true)).stdout).not.toContain('\u001b');
    expect((await coloured({}, false)).stdout).not.toContain('\u001b');
  });
});

describe('plain', () => {
  it.each([
    ['a\u001b[31mb\u001b[0m', 'ab'],
    ['a\u001b]0;title\u0007b', 'ab'],
    ['a\u001b]8;;x\u001b\\b', 'ab'],
    ['a\u009b31mb', 'a31mb'],
    ['a\rb\bc', 'abc'],
    ['a\u202eb', 'ab'],
    ['tab\tand\nnewline', 'tab\tand\nnewline'],
  ])('makes %j %j', (text, safe) => expect(plain(text)).toBe(safe));
});

describe('a table', () => {
  it('cuts its widest column to fit', () => {
    const lines = table(
      [
        ['a', 'b'.repeat(100), 'c'],
        ['aa', 'b', 'cc'],
      ],
      40,
    ).split('\n');
    expect(lines[0]).toBe(`a   ${'b'.repeat(31)}…  c`);
    expect(lines[1]).toBe(`aa  b${' '.repeat(31)}  cc`);
  });
});

describe('progress', () => {
  const text = (waiting_on: readonly string[]): string[] => {
    const counts = { total_steps: 2, completed_tasks: 0, failed_tasks: 0, running_tasks: 1, recovery_attempts: 0 };
    const run = { workflow_id: 'r', job_id: 'r', status: 'running', progress: 0, current_step: 'nap', eta_s: null, paused: false } as const;
    return progressText({ ...run, ...counts, waiting_on, tasks: [] }, colorsFor({ env: {}, tty: false }), 20).split('\n');
  };

  it('says in full what it waits for', () => {
    const waits = ['a worker for load on queue a-queue-of-a-long-name-that-nobody-polls', 'sleep of nap until 2027-01-31T08:00:00.000Z'];
    expect(text(waits)).toEqual(['[....................] 0.0 % running, 0 of 2 steps', ...waits.map((wait) => `waiting for ${wait}`), '']);
  });

  it('names three things, and how many more', () => {
    expect(text(['a', 'b', 'c', 'd', 'e']).slice(1, 5)).toEqual(['waiting for a', 'waiting for b', 'waiting for c', '… 2 more']);
  });
});

describe('a duration', () => {
  it.each([
    [950, '950 ms'],
    [12_340, '12.3 s'],
    [245_000, '4 min 5 s'],
    [93_600_000, '1 d 2 h'],
    [-5, '0 ms'],
  ])('of %i ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('the live screen', () => {
  it('draws over itself, within the screen, and only when something changed', () => {
    const written: string[] = [];
    const screen = liveScreen({
      process: { stdout: { write: (text: string) => void written.push(text) }, stderr: { write: () => undefined } },
      size: () => ({ columns: 10, rows: 4 }),
    });
    screen.draw('1\n2\n3\n4\n5');
    screen.draw('1\n2\n3\n4\n5');
    screen.draw('a line that is too long');
    expect(written).toEqual(['1\n2\n3\n', '\u001b[3A\r\u001b[Ja line th…\n']);
  });
});
