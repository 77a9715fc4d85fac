import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bareEnv, makeDataDir, processesOf, ROOT } from '../support/cli.ts';

interface Shown {
  readonly code: number | null;
  readonly stdout: string;
}

describe('npm run demo', () => {
  const dataDir = makeDataDir();
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it.each(['the first time', 'again in the same folder'])(
    'shows a run that completes and one that is undone, and ends all it started: %s',
    async () => {
      const { code, stdout } = await demo(dataDir);
      expect(code, stdout).toBe(0);
      expect(stdout).toContain('rolled_back');
      const accuracy = /test accuracy (0\.\d+)/.exec(stdout);
      expect(Number(accuracy?.[1])).toBeGreaterThanOrEqual(0.97);
      expect(stdout).not.toContain('\u001B');
      expect(processesOf(dataDir)).toEqual([]);
    },
  );
});

async function demo(dataDir: string): Promise<Shown> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli/demo.js')], {
    env: { ...bareEnv(), CEREBROS_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout };
}
