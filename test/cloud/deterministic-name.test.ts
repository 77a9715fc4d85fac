import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { deterministicName } from '../../src/cloud/deterministic-name.ts';

test('a name is nas- and the first 26 characters of the base32 of the sha256 of its key', () => {
  // RFC 4648: 130 bits are five times 40 bits, and a sixth that is cut; counted here with whole numbers.
  const digits = BigInt(`0x${createHash('sha256').update('run/root/0.0/do/0').digest('hex')}`) >> 126n;
  const letters = Array.from({ length: 26 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz234567'[Number((digits >> BigInt(5 * (25 - i))) & 31n)]);
  expect(deterministicName('run/root/0.0/do/0')).toBe(`nas-${letters.join('')}`);
});

test('a name fits the rules of every type, and differs between keys', () => {
  const names = Array.from({ length: 500 }, (_, i) => deterministicName(`run/root/${i}.0/do/0`));
  expect(new Set(names).size).toBe(500);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]{29}$/);
});
