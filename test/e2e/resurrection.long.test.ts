import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPython } from '../support/python.ts';

const PROGRAM = fileURLToPath(new URL('../resurrection/main.mjs', import.meta.url));

const pythons = [await findPython('the resurrection of a run whose step in Python sleeps')].filter((python) => python !== undefined);

describe.each(pythons)('a run whose step in Python sleeps, with %s', (python) => {
  it('finishes, in time and with its data, when Temporal and all workers are killed and started again', async () => {
    const child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, CEREBROS_PYTHON: python },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // It must not outlive a test that is killed.
    const end = (): void => void child.kill('SIGTERM');
    process.once('exit', end);
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    process.off('exit', end);
    expect(code, said).toBe(0);
    expect(said).toContain('1 of 1 times: 2 runs, 7 kills, none early, no step completed twice, all data carried');
  });
});
