import { expect, it } from 'vitest';
import { ArchiveBounds, MAX_ENTRIES } from '../../../src/datasets/sources/archive-bounds.ts';

const MIB = 1024 * 1024;
const bomb = expect.objectContaining({ name: 'DatasetError', code: 'ARCHIVE_BOMB' });

it('an archive has a million entries and not one more', () => {
  const bounds = new ArchiveBounds({ uri: 'a.zip', bytes: 1, maxBytes: 1 });
  for (let i = 0; i < MAX_ENTRIES; i++) bounds.addEntry();
  expect(() => bounds.addEntry()).toThrow(bomb);
});

it.each([
  ['100 MiB from however little', 1, [50 * MIB, 50 * MIB]],
  ['200 times itself', MIB, [200 * MIB]],
  ['as much as is allowed', 300 * MIB, [300 * MIB]],
])('an archive holds %s and no more', (_, bytes, fine) => {
  const bounds = new ArchiveBounds({ uri: 'a.zip', bytes, maxBytes: 300 * MIB });
  for (const more of fine) bounds.addBytes(more);
  expect(() => bounds.addBytes(1)).toThrow(bomb);
});
