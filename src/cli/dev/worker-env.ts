import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../../stack/stack.ts';

/** What a worker must know of a stack. */
export type StackPlace = Pick<Stack, 'temporal_address' | 'database_url' | 'data_dir' | 'pids'>;

/**
 * The environment of a worker of this stack. An embedded Temporal is ours and in clear text: no credentials, of variables or of a
 * profile file, go to it.
 */
export function workerEnv(env: Readonly<Record<string, string | undefined>>, stack: StackPlace): NodeJS.ProcessEnv {
  const ours = { DATABASE_URL: stack.database_url, CEREBROS_DATA_DIR: stack.data_dir };
  if (stack.pids['temporal'] === undefined) return { ...env, ...ours };
  const rest = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_') || name === 'TEMPORAL_NAMESPACE');
  const emptyProfile = join(stack.data_dir, 'empty-profile.toml');
  writeFileSync(emptyProfile, '[profile.default]\n');
  return { ...Object.fromEntries(rest), ...ours, TEMPORAL_ADDRESS: stack.temporal_address, TEMPORAL_CONFIG_FILE: emptyProfile };
}
