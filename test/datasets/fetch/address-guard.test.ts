import { expect, test } from 'vitest';
import { isForbiddenAddress, publicLookup } from '../../../src/datasets/fetch/address-guard.ts';
import { stubLookup } from './fetch-rig.ts';

// The neighbours of refused ranges: a guard that refused all would pass every test of refusals.
const PUBLIC = ['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '168.63.129.15'];
const MORE_PUBLIC = ['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0', '192.167.255.255', '192.169.0.0'];
const LAST_PUBLIC = ['198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700::1111', '2a00:1450:4001::1', '2001:200::1', '2003::1'];

test.for([...PUBLIC, ...MORE_PUBLIC, ...LAST_PUBLIC])('%s is public', (address) => {
  expect(isForbiddenAddress(address)).toBe(false);
});

test.for([true, false])('a lookup passes public addresses on, all: %s', async (all) => {
  const { lookup } = stubLookup('1.1.1.1', '2606:4700::1111');

  const found = await new Promise((resolve, reject) => {
    publicLookup(lookup)('images.example', { all }, (error, ...answer) => (error === null ? resolve(answer) : reject(error)));
  });

  const addresses = [
    { address: '1.1.1.1', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ];
  expect(found).toEqual(all ? [addresses] : ['1.1.1.1', 4]);
});

test('a lookup passes errors of DNS on', async () => {
  const failing = publicLookup((_hostname, _options, callback) =>
    callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '', 0),
  );

  const error = await new Promise((resolve) => {
    failing('images.example', { all: true }, resolve);
  });

  expect(error).toMatchObject({ code: 'ENOTFOUND' });
});
