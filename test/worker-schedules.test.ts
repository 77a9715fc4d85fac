import { Client, Connection } from '@temporalio/client';
import { expect, it } from 'vitest';
import { type Env, loadSettings } from '../src/config.ts';
import { ensureSchedules } from '../src/worker-schedules.ts';

it('a worker makes the schedules whose work it does: checks of the cloud only with a token', async () => {
  const connection = await Connection.connect({ address: process.env['CEREBROS_TEST_ADDRESS'] ?? '' });
  const client = new Client({ connection, namespace: 'nowhere' });
  const made = async (queues: readonly string[], env: Env): Promise<readonly string[]> => {
    const warnings: string[] = [];
    await ensureSchedules(client, { queues, settings: loadSettings(env) }, (warning) => warnings.push(warning));
    return warnings.map((warning) => /^the schedule (\S+) /.exec(warning)?.[1] ?? warning);
  };
  const token = { CEREBROS_CLOUD_TOKEN: 'dop_v1_of_a_test_of_schedules' };
  expect(await made(['cerebros', 'cerebros-cloud'], token)).toEqual(['cerebros-reconcile', 'cerebros-drift']);
  expect(await made(['cerebros-cloud'], token)).toEqual(['cerebros-drift']);
  expect(await made(['cerebros', 'cerebros-cloud'], {})).toEqual(['cerebros-reconcile']);
  expect(await made(['cerebros'], token)).toEqual(['cerebros-reconcile']);
  await connection.close();
});

it('a worker is warned, not ended, when its schedules cannot be made', async () => {
  const connection = await Connection.connect({ address: process.env['CEREBROS_TEST_ADDRESS'] ?? '' });
  const warnings: string[] = [];
  await ensureSchedules(new Client({ connection, namespace: 'nowhere' }), { queues: ['cerebros'], settings: loadSettings({}) }, (warning) =>
    warnings.push(warning),
  );
  await connection.close();
  expect(warnings).toContainEqual(expect.stringMatching(/^the schedule cerebros-reconcile could not be brought up to date: ./));
});
