import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetBuildInput, DatasetItem } from '../../../src/contracts/dataset-build.ts';
import { datasetBuildInputSchema } from '../../../src/contracts/dataset-build-schema.ts';
import { ItemsWriter } from '../../../src/datasets/build-folder/items.ts';
import { writeJsonLines } from '../../../src/datasets/build-folder/json-lines.ts';
import { buildPaths } from '../../../src/datasets/build-folder/paths.ts';
import { deduplicate, readFindings } from '../../../src/datasets/stages/deduplicate.ts';
import { labelImages } from '../../../src/datasets/stages/label.ts';
import { publishRows } from '../../../src/datasets/stages/rows.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'cerebros-deduplicate-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const { signal } = new AbortController();
const SHA256 = 'ab'.repeat(32);

/** A build whose items were all had, and are one and the same file. */
async function found(items: readonly Partial<DatasetItem>[], label: object = {}): Promise<DatasetBuildInput> {
  const writer = await ItemsWriter.open(folder);
  for (const { uri = '', ...item } of items)
    await writer.add({ source: 0, uri, from: { file: `/${uri}` }, label: null, split: null, sha256: null, ...item });
  await writer.commit();
  const facts = { format: 'png', width: 9, height: 9, channels: 1, phash: '0'.repeat(64), thumbnail: '0'.repeat(128) };
  const lines = items.map((_, n) => ({ n, sha256: SHA256, bytes: 5 }));
  await writeJsonLines(buildPaths(folder).batch('download', 0), lines);
  await writeJsonLines(
    buildPaths(folder).batch('validate', 0),
    lines.map(({ n }) => ({ n, image: facts })),
  );
  return datasetBuildInputSchema.parse({ dataset: 'pets', sources: [{ type: 'folder', path: 'x' }], label });
}

describe('a file that is there more than once', () => {
  it('in folders of two labels is a label conflict', async () => {
    const spec = await found([{ uri: 'pets/cat/1.png' }, { uri: 'pets/dog/1.png' }]);
    expect(await deduplicate(folder, spec, signal)).toEqual({ in: 2, out: 1, dropped: 1, reasons: { DUPLICATE: 1 }, bytes: 5 });
    expect(await readFindings(folder)).toEqual({
      label_conflicts: [{ sha256: SHA256, labels: ['cat', 'dog'] }],
      comparisons_left_out: 0,
    });
  });

  it('leaves no file open when it was compared', async () => {
    const spec = await found([{ uri: 'a/1.png' }, { uri: 'b/2.png' }]);
    const { signal: own } = new AbortController();
    await deduplicate(folder, spec, own);
    // Each file that is being read listens.
    expect(getEventListeners(own, 'abort')).toEqual([]);
  });

  it('is no conflict in a dataset without labels', async () => {
    await deduplicate(folder, await found([{ uri: 'cat/1.png' }, { uri: 'dog/1.png' }], { from: 'none' }), signal);
    expect((await readFindings(folder)).label_conflicts).toEqual([]);
  });

  it('stays with its label when one of the places says none, and is published with all places', async () => {
    const spec = await found([{ uri: 'a.png' }, { uri: 'b.png', label: 'cat' }, { uri: 'c.png' }], { from: 'given' });
    await deduplicate(folder, spec, signal);
    expect(await labelImages(folder, { spec, map: undefined }, signal)).toMatchObject({ in: 1, out: 1 });
    expect(await publishRows(folder, spec, signal)).toMatchObject([{ sha256: SHA256, label: 'cat', uris: ['b.png', 'a.png', 'c.png'] }]);
  });
});
