import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bareEnv, makeDataDir, processesOf, ROOT } from '../support/cli.ts';

describe('npm run demo:provision', () => {
  const dataDir = makeDataDir();
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it.each(['the first time', 'again in the same folder'])(
    'shows stacks that come up, are undone, restored, suspended and offboarded, each as the ledger says, and ends all it started: %s',
    async () => {
      const { code, stdout } = await demo(dataDir);
      expect(code, stdout).toBe(0);
      expect(stdout.match(/The ledger has exactly what there is\./g)).toHaveLength(5);
      expect(stdout).toContain('status   rolled_back');
      expect(stdout).toContain('size: s-1vcpu-1gb → s-2vcpu-2gb');
      expect(stdout).toContain('Drift now: 7 in sync, 0 not');
      expect(stdout).toContain("The ledger agrees with Temporal's history");
      expect(processesOf(dataDir)).toEqual([]);
    },
  );
});

interface Shown {
  readonly code: number | null;
  readonly stdout: string;
}

async function demo(dataDir: string): Promise<Shown> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli/demo-provision.js')], {
    env: { ...bareEnv(), CEREBROS_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout };
}
