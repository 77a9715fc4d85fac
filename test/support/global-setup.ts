import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { startStack } from '../../src/stack/stack.ts';
import { collectMissing, readMissing } from './optional.ts';

/** One embedded Temporal and one Postgres for the whole run, on free ports; files make their own queues and databases on them. */
export default async function setup(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync('/var/tmp/cerebros-test-');
  chmodSync(dataDir, 0o755);
  const stack = await startStack(
    { data_dir: dataDir, port: 'auto', ui_port: 'auto', ledger_port: 'auto' },
    { log: (line) => process.stderr.write(`${line}\n`) },
  );
  process.env['CEREBROS_TEST_ADDRESS'] = stack.temporal_address;
  process.env['CEREBROS_TEST_DATABASE_URL'] = stack.database_url;
  collectMissing(join(dataDir, 'missing.txt'));
  return async () => {
    for (const line of readMissing()) process.stderr.write(`${line}\n`);
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
