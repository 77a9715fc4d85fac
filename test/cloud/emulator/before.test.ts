import { expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../../../src/cloud/emulator/create-emulator.ts';
import type { ReceivedRequest } from '../../../src/cloud/emulator/options.ts';

test('a request is shown to `before` as it came, and looked at once that has ended', async () => {
  const shown: ReceivedRequest[] = [];
  const before = async (request: ReceivedRequest): Promise<void> => {
    shown.push(request);
    emulator.addFaults([{ match: { path: '^/v2/vpcs$' }, fault: '429' }]);
  };
  const emulator: Emulator = await createEmulator({ before });
  const body = JSON.stringify({ name: 'main', region: 'fra1' });
  const ask = async (): Promise<number> =>
    (await fetch(`${emulator.url}/v2/vpcs?page=1`, { method: 'POST', headers: { authorization: 'Bearer t' }, body })).status;
  expect(await ask()).toBe(429);
  expect(shown).toEqual([{ method: 'POST', path: '/v2/vpcs?page=1', body }]);
  expect(emulator.truth().resources.vpcs).toEqual([]);
  await emulator.close();
});
