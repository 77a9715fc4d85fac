import { beforeEach, describe, expect, test } from 'vitest';
import { decide, resolveRows, type RunState } from '../../src/cloud/resolve-rows.ts';
import { createResource } from '../../src/cloud/create-protocol.ts';
import type { ProtocolDependencies } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import type { CloudPort } from '../../src/cloud/port.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import { createVolume } from '../../src/cloud/digitalocean/volumes.ts';
import type { ResourceState } from '../../src/contracts/cloud.ts';
import { UNRESOLVED_STATES } from '../../src/contracts/cloud.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { listUnresolvedCloud } from '../../src/ledger/queries/list-unresolved-cloud.ts';
import { useLedger } from './cloud-ledger.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { testApi, volumeRequest, volumeWorld } from './volume-world.ts';

describe('what becomes of a row', () => {
  const cases: [RunState, readonly ResourceState[], 'always' | 'when old' | 'never'][] = [
    ['open', UNRESOLVED_STATES, 'never'],
    ['closed:rolled_back', UNRESOLVED_STATES, 'always'],
    ['closed:cancelled', UNRESOLVED_STATES, 'always'],
    ['closed:failed', UNRESOLVED_STATES, 'always'],
    ['closed:completed', ['intended', 'creating', 'suspect'], 'never'],
    // It goes on as people say.
    ['closed:halted', UNRESOLVED_STATES, 'never'],
    // The run reconciler rolls it back first.
    ['closed:terminated', UNRESOLVED_STATES, 'never'],
    ['closed:completed', ['deleting'], 'always'],
    ['not known', UNRESOLVED_STATES, 'when old'],
  ];
  const grid = cases.flatMap(([run, states, deleted]) => states.map((state) => [state, run, deleted] as const));
  test.each(grid)('that is %s, its saga %s: it is deleted %s', (state, run, deleted) => {
    const row = { state, saga_id: 'maker', deleted_by: state === 'deleting' ? 'maker' : null };
    const [young, old] = [decide(row, run, false), decide(row, run, true)];
    expect([young.deletes, old.deletes]).toEqual({ always: [true, true], 'when old': [false, true], never: [false, false] }[deleted]);
    expect(young.reason).toMatch(/^its? /);
  });

  test.each<[RunState, boolean]>([
    // People finish it by `undo retry`.
    ['closed:failed', false],
    ['closed:halted', false],
    ['closed:terminated', false],
    ['open', false],
    ['closed:completed', true],
    ['closed:rolled_back', true],
  ])('that another saga than its maker was deleting, which is %s: it is deleted %s', (run, deletes) => {
    expect(decide({ state: 'deleting', saga_id: 'maker', deleted_by: 'remover' }, run, true)).toMatchObject({ deletes });
  });
});

const ledger = useLedger();
let emulator: Emulator;
let on: ProtocolDependencies & { readonly clock: VirtualClock };
beforeEach(async () => {
  emulator = await createEmulator({ limits: { requests_per_minute: 10_000 } });
  on = volumeWorld(ledger.sql, emulator.url);
  return () => emulator.close();
});
const resolve = async (runState: (saga_id: string) => Promise<RunState>, grace_ms = 900_000) =>
  resolveRows({ ...on, runState }, await listUnresolvedCloud(ledger.sql, { older_than_ms: 0 }), { grace_ms });
const stateOf = async (urn: string) => (await findCloudResource(ledger.sql, urn))?.state;
const names = () => emulator.truth().resources.volumes.map(({ name }) => name);

describe('what is left behind', () => {
  test('a volume that a rolled back saga has left goes, one of an open saga and a foreign one of a similar name stay', async () => {
    const [left, kept] = [volumeRequest('left', { saga_id: 'over' }), volumeRequest('kept', { saga_id: 'open' })];
    await createResource(on, left);
    await createResource(on, kept);
    await createVolume(testApi(emulator.url), { name: `${left.name}x`, region: 'fra1', size_gigabytes: 1, tags: [] });
    const resolved = await resolve((id) => Promise.resolve(id === 'open' ? 'open' : 'closed:rolled_back'));
    expect(resolved).toEqual([
      { urn: left.urn, action: 'deleted', reason: 'its saga is rolled_back' },
      { urn: kept.urn, action: 'left', reason: 'its saga is under way' },
    ]);
    expect(names().toSorted()).toEqual([kept.name, `${left.name}x`].toSorted());
    expect([await stateOf(left.urn), await stateOf(kept.urn)]).toEqual(['deleted', 'creating']);
  });

  test('what an unanswered POST has made is found by its name and goes', async () => {
    const request = volumeRequest('lost');
    const killed = async (...call: Parameters<CloudPort['create']>): Promise<never> => {
      await on.port.create(...call);
      throw new Error('the worker ends here');
    };
    await expect(createResource({ ...on, port: { ...on.port, create: killed } }, request)).rejects.toThrow('the worker ends here');
    expect([names(), (await findCloudResource(ledger.sql, request.urn))?.provider_id]).toEqual([[request.name], null]);
    expect(await resolve(() => Promise.resolve('closed:failed'))).toMatchObject([{ action: 'deleted' }]);
    expect([names(), await stateOf(request.urn)]).toEqual([[], 'deleted']);
  });
});

describe('a call', () => {
  test('gives a saga that nobody knows a grace, counted from when its row last changed', async () => {
    const request = volumeRequest('nobody', { saga_id: null });
    await createResource(on, request);
    const updated = Date.parse((await findCloudResource(ledger.sql, request.urn))?.updated_at ?? '');
    const never = (): Promise<RunState> => Promise.reject(new Error('must not be asked'));
    on.clock.now = () => updated + 899_999;
    expect(await resolve(never)).toMatchObject([{ action: 'left' }]);
    on.clock.now = () => updated + 900_000;
    expect(await resolve(never)).toMatchObject([{ action: 'deleted' }]);
    expect(names()).toEqual([]);
  });

  test('leaves what another saga than the one that made it is deleting', async () => {
    const request = volumeRequest('disk', { saga_id: 'maker' });
    await createResource(on, request);
    await on.ledger.markDeleting({ urn: request.urn, deleted_by: 'remover' });
    expect(await resolve((id) => Promise.resolve(id === 'remover' ? 'open' : 'closed:completed'))).toMatchObject([{ action: 'left' }]);
    expect(await resolve((id) => Promise.resolve(id === 'remover' ? 'closed:failed' : 'open'))).toMatchObject([{ action: 'left' }]);
    expect(await resolve((id) => Promise.resolve(id === 'remover' ? 'closed:completed' : 'open'))).toMatchObject([{ action: 'deleted' }]);
    expect(names()).toEqual([]);
  });

  test('leaves what was made anew since its list was read', async () => {
    const request = volumeRequest('anew', { saga_id: 'over' });
    await createResource(on, request);
    const rows = await listUnresolvedCloud(ledger.sql, { older_than_ms: 0 });
    await deleteResource(on, { urn: request.urn, saga_id: 'over' });
    const { name, ...again } = volumeRequest('anew', { saga_id: 'next', spec: { region: 'fra1', size_gigabytes: 2 } });
    const { provider_id } = await createResource(on, { ...again, name });
    await on.ledger.markActive({ urn: request.urn, provider_id, observed: {} });
    const resolved = await resolveRows({ ...on, runState: () => Promise.resolve('closed:rolled_back') }, rows);
    expect(resolved).toEqual([{ urn: request.urn, action: 'left', reason: 'it is meant otherwise by now' }]);
    expect([names(), await stateOf(request.urn)]).toEqual([[name], 'active']);
  });

  test('tells what fails and goes on, also past a saga that cannot be asked', async () => {
    const requests = ['a', 'b', 'c'].map((key) => volumeRequest(key, { saga_id: key }));
    for (const request of requests) await createResource(on, request);
    const stuck = emulator.truth().resources.volumes.find(({ name }) => name === requests[0]?.name)?.id;
    emulator.addFaults([{ match: { method: 'DELETE', path: `^/v2/volumes/${stuck}$` }, fault: '401', times: 9 }]);
    const resolved = await resolve((id) =>
      id === 'b' ? Promise.reject(new Error('Temporal is away')) : Promise.resolve('closed:cancelled'),
    );
    expect(resolved.find(({ urn }) => urn === requests[0]?.urn)).toMatchObject({
      action: 'failed',
      reason: expect.stringMatching(/^UNAUTHORIZED: /),
    });
    expect(resolved.find(({ urn }) => urn === requests[1]?.urn)).toMatchObject({
      action: 'left',
      reason: expect.stringContaining('Temporal is away'),
    });
    expect(resolved.find(({ urn }) => urn === requests[2]?.urn)).toMatchObject({ action: 'deleted' });
    expect(names()).toHaveLength(2);
  });

  test('removes what holds others first', async () => {
    const urns: string[] = [];
    const { port } = on;
    on = { ...on, port: { ...port, remove: async (known) => (urns.push(known.type), await port.remove(known)) } };
    await createResource({ ...on, port }, volumeRequest('disk', { saga_id: 'over' }));
    const rules = [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }];
    await createResource(
      { ...on, port },
      volumeRequest('wall', { saga_id: 'over', type: 'firewall', tag: null, spec: { inbound_rules: rules } }),
    );
    await resolve(() => Promise.resolve('closed:failed'));
    expect(urns).toEqual(['firewall', 'volume']);
  });
});
