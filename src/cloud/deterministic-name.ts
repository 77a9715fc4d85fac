import { createHash } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 26;

/**
 * The name of what an idempotency key makes: `nas-` and 26 characters of base32, 130 bits of the key's sha256. It fits the rules of
 * every type (lower case, begins with a letter, 30 characters), is a valid tag, and nobody else has it.
 */
export function deterministicName(key: string): string {
  const bits = [...createHash('sha256').update(key).digest()].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = Array.from({ length: LENGTH }, (_, i) => ALPHABET[Number.parseInt(bits.slice(5 * i, 5 * i + 5), 2)]);
  return `nas-${letters.join('')}`;
}
