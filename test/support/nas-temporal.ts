import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/config.ts';
import { claimPorts } from '../../src/stack/ports.ts';
import { findTemporalBinary } from '../../src/stack/temporal-binary.ts';
import { startTemporal } from '../../src/stack/temporal-server.ts';

/** Starts a Temporal of a test's own that suggests to continue as new after so many events, not after thousands. */
export async function startImpatientTemporal(events: number): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const dataDir = mkdtempSync('/var/tmp/cerebros-temporal-');
  const { cache_dir: cacheDir } = loadSettings(process.env);
  const binary = await findTemporalBinary({ log: () => undefined, env: process.env, cacheDir });
  const executable = join(dataDir, 'temporal');
  writeFileSync(executable, `#!/bin/sh\nexec '${binary}' "$@" --dynamic-config-value limit.historyCount.suggestContinueAsNew=${events}\n`);
  chmodSync(executable, 0o755);
  const portOf = await claimPorts({ '--port': 'auto', '--ui-port': 'auto' });
  const ports = { port: portOf('--port'), uiPort: portOf('--ui-port') };
  const temporal = await startTemporal({ executable, dataDir, namespace: 'default', ...ports, env: process.env });
  return {
    address: temporal.address,
    stop: async () => {
      await temporal.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
