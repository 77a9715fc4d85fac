import { expect, it } from 'vitest';
import { tokenLabel } from '../../../src/cloud/emulator/token-use.ts';
import { emulated, send, TOKEN, type Rig } from './rig.ts';

it('refuses the 251st request within a minute, and says when to come back', async () => {
  const rig = await emulated();
  for (let n = 0; n < 250; n += 1) expect((await rig.ask('GET /v2/account')).headers.get('retry-after')).toBeNull();
  rig.clock.advance(20_500);
  const refused = await rig.ask('GET /v2/account');
  expect(refused).toMatchObject({ status: 429, body: { id: 'too_many_requests' } });
  expect(refused.headers.get('retry-after')).toBe('40');
  rig.clock.advance(39_499);
  expect((await rig.ask('GET /v2/account')).status).toBe(429);
  rig.clock.advance(1);
  expect((await rig.ask('GET /v2/account')).status).toBe(200);
});

it('refuses what is too much for an hour without retry-after: the reset says when the oldest request expires', async () => {
  const rig = await emulated({ limits: { requests_per_hour: 3, requests_per_minute: 2 } });
  const start = rig.clock.now();
  const [first] = await asked(rig, 2);
  expect(first?.headers.get('ratelimit-remaining')).toBe('2');
  rig.clock.advance(61_000);
  await asked(rig, 1);
  const refused = await rig.ask('GET /v2/account');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBeNull();
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'ratelimit-limit': '3',
    'ratelimit-remaining': '0',
    'ratelimit-reset': String((start + 3_600_000) / 1000),
  });
  rig.clock.advance(3_600_000 - 61_000);
  expect((await rig.ask('GET /v2/account')).status).toBe(200);
});

it('counts every token by itself, with what was refused, and keeps no token', async () => {
  const rig = await emulated({ limits: { requests_per_minute: 2 } });
  await asked(rig, 3);
  await send(rig.emulator.url, 'POST /v2/tags', { body: { name: 'a' }, token: 'dop_v1_another' });
  const { requests } = rig.emulator.truth();
  expect(requests[tokenLabel(TOKEN)]).toEqual({
    total: 3,
    limited: 1,
    by_method: { GET: 3 },
    by_route: { 'GET /v2/account': 3 },
    per_minute_max: 3,
    per_hour_max: 3,
  });
  expect(requests[tokenLabel('dop_v1_another')]).toMatchObject({ total: 1, limited: 0, by_method: { POST: 1 } });
  expect(JSON.stringify(rig.emulator.truth())).not.toContain('dop_v1_');
});

it('knows the most that came within any minute, not within one of the clock', async () => {
  const rig = await emulated();
  await asked(rig, 4);
  rig.clock.advance(59_999);
  await asked(rig, 3);
  rig.clock.advance(1);
  await asked(rig, 2);
  expect(rig.emulator.truth().requests[tokenLabel(TOKEN)]).toMatchObject({ per_minute_max: 7, per_hour_max: 9 });
});

async function asked(rig: Rig, count: number): Promise<readonly Awaited<ReturnType<Rig['ask']>>[]> {
  const replies = [];
  for (let n = 0; n < count; n += 1) replies.push(await rig.ask('GET /v2/account'));
  return replies;
}
