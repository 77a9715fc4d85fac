import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDev, type DevStack } from '../support/cli.ts';
import { withGap, withoutEvent, type HistoryJson } from '../support/doctored-history.ts';
import { digits, trained } from '../support/training.ts';

describe('the history of a run', () => {
  let stack: DevStack;
  let history: HistoryJson;
  const file = (name: string): string => join(stack.dataDir, name);
  beforeAll(async () => {
    stack = await startDev();
    await trained(stack, 'run', digits());
    const { stdout } = await stack.cli(['history', 'run']);
    history = JSON.parse(stdout) as HistoryJson;
    writeFileSync(file('whole.json'), stdout);
  });
  afterAll(() => stack.stop());

  it('replays against the code', async () => {
    expect(await stack.ask(['replay', file('whole.json')])).toMatchObject([
      { status: 'completed', reason: null, events: history.events.length },
    ]);
  });

  it.each([
    {
      what: 'a call that the code makes is not in it',
      doctored: () => withoutEvent(history, 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED'),
      says: /nondeterminism/i,
    },
    { what: 'it has a hole', doctored: () => withGap(history, 8), says: /expected event 9, got event 10/ },
    { what: 'it has no events', doctored: () => ({ events: [] }), says: /no/ },
  ])('is refused when $what', async ({ doctored, says }) => {
    writeFileSync(file('doctored.json'), JSON.stringify(doctored()));
    const [whole, refused] = await stack.ask<readonly { readonly status: string; readonly reason: string | null }[]>(
      ['replay', file('whole.json'), file('doctored.json')],
      { code: 1 },
    );
    expect(whole).toMatchObject({ status: 'completed' });
    expect(refused).toMatchObject({ status: 'failed', reason: expect.stringMatching(says) as string });
  });

  it('is asked for a file that is none with exit 2', async () => {
    const { code, stderr } = await stack.cli(['replay', 'README.md']);
    expect(code).toBe(2);
    expect(stderr).toContain('README.md');
  });
});
