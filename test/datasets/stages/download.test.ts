import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetItem, DownloadLine } from '../../../src/contracts/dataset-build.ts';
import { BlobFolder } from '../../../src/datasets/build-folder/blob-folder.ts';
import { Roots } from '../../../src/datasets/sources/roots.ts';
import { downloadItem } from '../../../src/datasets/stages/download.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'cerebros-download-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

async function fromFile(name: string): Promise<DownloadLine> {
  const fetcher = { fetchImage: () => Promise.reject(new Error('expected no fetch')) };
  const context = { blobs: new BlobFolder(join(root, 'build')), fetcher, roots: await Roots.open([root]), rules: { max_bytes: 10 } };
  const item: DatasetItem = { n: 0, source: 0, uri: name, from: { file: join(root, name) }, label: null, split: null, sha256: null };
  return downloadItem(context, item, new AbortController().signal);
}

describe('an image at a path', () => {
  it('is kept by its content', async () => {
    await writeFile(join(root, 'image'), 'content');
    expect(await fromFile('image')).toMatchObject({ n: 0, bytes: 7 });
  });

  it('is dropped when it is larger than allowed, or not there', async () => {
    await writeFile(join(root, 'large'), 'much content');
    expect(await fromFile('large')).toMatchObject({ drop: { code: 'TOO_LARGE' } });
    expect(await fromFile('nowhere')).toMatchObject({ drop: { code: 'FILE_MISSING' } });
  });

  it('is dropped when it is a pipe, which nobody would ever write to', async () => {
    await promisify(execFile)('mkfifo', [join(root, 'pipe')]);
    expect(await fromFile('pipe')).toMatchObject({ drop: { code: 'NOT_A_FILE' } });
  });
});
