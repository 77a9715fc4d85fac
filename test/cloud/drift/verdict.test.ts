import { expect, test } from 'vitest';
import { verdictOf as verdictAt } from '../../../src/cloud/drift/verdict.ts';
import type { ProvisionedResource, ResourceState } from '../../../src/contracts/cloud.ts';
import type { Json } from '../../../src/contracts/ledger.ts';

const row: ProvisionedResource = {
  urn: 'urn:cerebros:test:droplet:web',
  provider: 'digitalocean',
  type: 'droplet',
  name: 'nas-x',
  tag: 'nas-x',
  provider_id: '1',
  observed: null,
  observed_at: null,
  desired_spec: { size: 's-1vcpu-1gb', region: 'fra1' },
  spec_version: 1,
  saga_id: 'run-1',
  state: 'active',
  deleted_by: null,
  intent_hash: 'h',
  posts: 1,
  problem: null,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
};
/** Long after the row was touched. */
const verdictOf = (one: ProvisionedResource, there: Parameters<typeof verdictAt>[1]) => verdictAt(one, there, '2026-01-02T00:00:00.000Z');
const seen = (parts: { readonly [key: string]: Json } = {}) => ({
  observed: { name: 'nas-x', size: 's-1vcpu-1gb', region: 'fra1', status: 'active', tags: ['nas-x'], locked: false, ...parts },
});

test('what is there as it is meant is in sync, otherwise it has drifted, and what is not there is missing', () => {
  expect(verdictOf(row, seen())).toEqual({ verdict: 'in_sync', diff: [], reason: null });
  const size = { field: 'size', desired: 's-1vcpu-1gb', actual: 's-2vcpu-2gb' };
  expect(verdictOf(row, seen({ size: 's-2vcpu-2gb' }))).toEqual({ verdict: 'drifted', diff: [size], reason: null });
  expect(verdictOf(row, undefined)).toEqual({ verdict: 'missing', diff: [], reason: null });
});

test('what is locked and different is being changed, so it is not known', () => {
  expect(verdictOf(row, seen({ locked: true }))).toMatchObject({ verdict: 'in_sync' });
  expect(verdictOf(row, seen({ locked: true, status: 'off' }))).toMatchObject({
    verdict: 'unknown',
    diff: [],
    reason: expect.stringMatching(/^locked: power /),
  });
});

test('what is so new that its tags may come yet is not known while it differs in nothing else', () => {
  const at = (ms: number, there: ReturnType<typeof seen>) => verdictAt(row, there, new Date(Date.parse(row.updated_at) + ms).toISOString());
  const late = { verdict: 'unknown', diff: [], reason: 'just made: its tags come late' };
  expect(at(119_999, seen({ tags: [] }))).toEqual(late);
  expect(at(120_000, seen({ tags: [] }))).toMatchObject({ verdict: 'drifted', diff: [{ field: 'tags' }] });
  expect(at(0, seen({ tags: [], status: 'off' }))).toMatchObject({ verdict: 'drifted', diff: [{ field: 'power' }, { field: 'tags' }] });
  expect(at(0, seen())).toMatchObject({ verdict: 'in_sync' });
});

test.each<[ResourceState, string | null, RegExp]>([
  ['intended', null, /^intended: nothing was sent/],
  ['creating', null, /^creating: it is being made/],
  ['suspect', 'look for it', /^suspect: look for it$/],
  ['deleting', null, /^deleting: it is being removed/],
])('a row that is %s is unknown, whatever is seen, and says why', (state, problem, reason) => {
  for (const there of [undefined, seen()]) {
    expect(verdictOf({ ...row, state, problem }, there)).toEqual({ verdict: 'unknown', diff: [], reason: expect.stringMatching(reason) });
  }
});
