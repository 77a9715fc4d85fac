import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workerEnv } from '../../src/cli/dev/worker-env.ts';
import { resolveConnections } from '../../src/config.ts';

describe('the environment of a worker', () => {
  const env = { TEMPORAL_API_KEY: 'secret', TEMPORAL_TLS: 'true', TEMPORAL_NAMESPACE: 'mine', PATH: '/bin' };

  it('takes no credentials to an embedded Temporal', () => {
    const data_dir = mkdtempSync(join(tmpdir(), 'cerebros-worker-env-'));
    try {
      const made = workerEnv(env, {
        data_dir,
        temporal_address: '127.0.0.1:1',
        database_url: 'postgres://x',
        pids: { dev: 1, temporal: 2 },
      });
      expect(made).toMatchObject({
        PATH: '/bin',
        TEMPORAL_ADDRESS: '127.0.0.1:1',
        TEMPORAL_NAMESPACE: 'mine',
        DATABASE_URL: 'postgres://x',
        CEREBROS_DATA_DIR: data_dir,
      });
      expect(Object.keys(made)).not.toContain('TEMPORAL_API_KEY');
      expect(readFileSync(made['TEMPORAL_CONFIG_FILE'] ?? '', 'utf8')).toContain('[profile.default]');
      expect(resolveConnections({}, { ...made, DATABASE_URL: 'postgres://u@h/d' }).temporal).toMatchObject({
        connection: { address: '127.0.0.1:1' },
        namespace: 'mine',
      });
    } finally {
      rmSync(data_dir, { recursive: true });
    }
  });

  it('is the own one for a Temporal that is not ours', () => {
    const made = workerEnv(env, { data_dir: '/d', temporal_address: 'cloud:7233', database_url: 'postgres://x', pids: { dev: 1 } });
    expect(made).toMatchObject(env);
  });
});
