import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitClosed } from '../../src/client/wait.ts';
import type { ReceivedRequest } from '../../src/cloud/emulator/options.ts';
import { tokenLabel } from '../../src/cloud/emulator/token-use.ts';
import type { RequestCounts } from '../../src/cloud/emulator/truth.ts';
import { KeptWorker } from '../support/nas-worker.ts';
import { startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';
import { until } from '../support/until.ts';

const TOKEN = 'dop_v1_of_the_scale_only_0123456789';
const PER_MINUTE = 250;
const MACHINE = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
const RULE = { protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } };
const SAGAS = 4;
const FIREWALLS_EACH = 15;

let world: ProvisionWorld;
let second: KeptWorker;
const calls: (ReceivedRequest & { readonly at: number })[] = [];
beforeAll(async () => {
  // The real limits of requests, and, as a setting that is empty is none, the real gap. A firewall takes so long that it is looked at
  // three times, and a droplet is listed at once.
  const before = async (request: ReceivedRequest): Promise<void> => void calls.push({ ...request, at: Date.now() });
  const cloud = { limits: { droplets: 1000 }, delays: { firewall_ms: 6000, droplet_visible_ms: 0 }, before };
  world = await startProvisionWorld(TOKEN, cloud, { CEREBROS_CLOUD_GAP_MS: '' });
  second = new KeptWorker(world.env);
  await until(() => [world.worker, second].every(({ log }) => log.includes('worker polls')), 60_000, 'two workers');
  world.cloud.addFaults([{ match: { method: 'POST', path: '^/v2/volumes$' }, fault: '500_before' }]);
  const volume = { type: 'volume', name: 'lost', spec: { region: 'fra1', size_gigabytes: 1 } };
  await world.start('lost', { kind: 'provisioning', stack: 'lost', resources: [volume] });
});
afterAll(async () => {
  await second.stop();
  await world.stop();
});

const asked = (): RequestCounts | undefined => world.cloud.truth().requests[tokenLabel(TOKEN)];

describe('an account of 250 droplets', () => {
  it('is looked through to its last page, on which what an unanswered POST has made is found and not made again', async () => {
    for (let n = 0; n < 250; n += 1) await api('POST', '/v2/droplets', { name: `other-${n}`, tags: [], ...MACHINE });
    world.cloud.addFaults([{ match: { method: 'POST', path: '^/v2/droplets$' }, fault: 'reset_after' }]);
    const resources = [{ type: 'droplet', name: 'late', spec: MACHINE }];
    const run = await world.run('late', { kind: 'provisioning', stack: 'late', resources });
    expect(run.status).toBe('completed');
    expect(world.cloud.faults().fired).toMatchObject({ reset_after: 1 });
    expect(asked()?.by_route['POST /v2/droplets']).toBe(1);
    expect(world.cloud.truth().resources.droplets).toHaveLength(251);
    const { droplets } = (await api('GET', '/v2/droplets?per_page=200&page=2')) as {
      readonly droplets: readonly { readonly id: number }[];
    };
    expect(droplets).toHaveLength(51);
    expect((await world.ledger()).filter((one) => one.startsWith('droplet '))).toEqual([`droplet ${droplets.at(-1)?.id}`]);
    // Before the POST and after it: two pages, and the list of droplets with GPUs.
    expect(asked()?.by_route['GET /v2/droplets']).toBe(6);
  });
});

describe('a worker that is told no gap', () => {
  it('asks again 60 s after it has looked for what an unanswered POST may have made, and not before', async () => {
    expect(await waitClosed(world.cerebros, 'lost', { timeout_ms: 120_000 })).toMatchObject({ status: 'completed' });
    const ofVolumes = calls.filter(({ path }) => /^\/v2\/volumes(\?|$)/.test(path));
    expect(ofVolumes.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET', 'GET', 'POST']);
    const [, , first, next] = ofVolumes.map(({ at }) => at);
    const waited = (next ?? 0) - (first ?? 0);
    expect(waited).toBeGreaterThanOrEqual(60_000);
    expect(waited).toBeLessThan(65_000);
    expect(world.cloud.truth().resources.volumes).toHaveLength(1);
  });
});

describe('two workers on one token', () => {
  it('make 60 resources once each, and never ask more than 250 times in a minute', async () => {
    const ids = Array.from({ length: SAGAS }, (_, n) => `many-${n}`);
    const resources = Array.from({ length: FIREWALLS_EACH }, (_, n) => ({
      type: 'firewall',
      name: `f-${n}`,
      spec: { inbound_rules: [RULE] },
    }));
    const began = Date.now();
    await Promise.all(ids.map((id) => world.start(id, { kind: 'provisioning', stack: id, resources })));
    const runs = await Promise.all(ids.map((id) => waitClosed(world.cerebros, id, { timeout_ms: 150_000 })));
    expect(runs.map(({ status }) => status)).toEqual(ids.map(() => 'completed'));
    const { total = 0, limited, per_minute_max = 0 } = asked() ?? {};
    console.log(`60 firewalls in ${Date.now() - began} ms: ${total} requests, at most ${per_minute_max} in a minute, ${limited} refused`);
    expect(limited).toBe(0);
    expect(per_minute_max).toBeLessThanOrEqual(PER_MINUTE);
    expect(new Set(runs.flatMap(({ steps }) => steps.map(({ worker_id }) => worker_id))).size).toBe(2);
    const { created, resources: there } = world.cloud.truth();
    expect([created.firewall, new Set(there.firewalls.map(({ name }) => name)).size]).toEqual([60, 60]);
    const ours = world.truth().filter((one) => one.startsWith('firewall '));
    expect((await world.ledger()).filter((one) => one.startsWith('firewall '))).toEqual(ours);
  });
});

/** A call with a token of others: two of them, as each has its own limit. */
async function api(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${method.padEnd(20, '-')}`, 'content-type': 'application/json' };
  const answer = await fetch(`${world.cloud.url}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!answer.ok) throw new Error(`expected ${method} ${path} to succeed, got ${answer.status}: ${await answer.text()}`);
  return await answer.json();
}
