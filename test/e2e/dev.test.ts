import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SagaRunRow } from '../../src/contracts/ledger.ts';
import { cli, makeDataDir, processesOf, startDev } from '../support/cli.ts';

const ECHO = '{"steps":["echo"],"inputs":{"message":"hello"}}';
const PORTS = ['--port', 'auto', '--ui-port', 'auto', '--ledger-port', 'auto'];

describe('dev', () => {
  it('ends everything at Ctrl-C, is refused twice in a folder, and keeps its data', async () => {
    const dataDir = makeDataDir();
    try {
      const first = await startDev(dataDir);
      await first.ask(['start', 'proof', '--input', '-', '--id', 'kept', '--wait'], { input: ECHO });
      const file = first.stackFile();
      expect(Object.keys(file.pids).toSorted()).toEqual(['dev', 'postgres', 'temporal', 'worker']);
      expect(file).toMatchObject({ web_url: null, pids: { dev: first.pid } });
      expect(processesOf(dataDir).length).toBeGreaterThanOrEqual(4);

      const second = await cli(['dev', '--data-dir', dataDir, ...PORTS]);
      expect(second).toMatchObject({ code: 5, stdout: '' });
      expect(second.stderr).toContain(dataDir);
      expect(first.stackFile()).toEqual(file);

      // Throws when a process is left.
      expect(await first.interrupt()).toBe(0);
      expect(await cli(['list'], { env: { CEREBROS_DATA_DIR: dataDir } })).toMatchObject({ code: 3 });

      const again = await startDev(dataDir);
      expect(await again.ask<SagaRunRow[]>(['list'])).toMatchObject([{ id: 'kept', status: 'completed' }]);
      expect(await again.ask(['ledger', 'verify'])).toMatchObject({ agrees: true, counts: { ok: 1 } });
      await again.ask(['start', 'proof', '--input', '-', '--id', 'new', '--wait'], { input: ECHO });
      await again.interrupt();
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
