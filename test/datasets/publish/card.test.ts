import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeVersion } from '../../../src/datasets/publish/prepare.ts';
import { missing } from '../../support/optional.ts';
import { drawnRows, prepared } from './drawn-rows.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'cerebros-card-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the card', () => {
  it('says what the dataset is, how it was made and what was dropped', async () => {
    const rows = await drawnRows(folder, 5);
    const dataset = await prepared(folder, rows, { description: 'Halves.', licence: 'CC0 | <b>', seed: 7 });
    await writeVersion(dataset, 3);
    const card = await readFile(join(folder, 'prepared', 'README.md'), 'utf8');
    for (const part of [
      '# shapes@3',
      'Halves.',
      'CC0 \\| &lt;b>',
      '| left | 2 | 1 | 0 |',
      '| all | 3 | 1 | 1 |',
      'HTTP_404 2, TOO_LARGE 1',
      'seed 7',
    ])
      expect(card).toContain(part);
  });

  it('has five lines of Python that go through the images', async () => {
    const rows = await drawnRows(folder, 5);
    const dataset = await prepared(folder, rows);
    await writeVersion(dataset, 1);
    const code = /```python\n([^]*?)\n```/.exec(await readFile(join(folder, 'prepared', 'README.md'), 'utf8'))?.[1] ?? '';
    expect(code.split('\n')).toHaveLength(5);
    const printed = await runPython(code.replace('ARTIFACTS', await artifactsOf(rows)));
    if (printed === undefined) return missing('the Python of the dataset card', 'python3');
    expect(printed).toEqual(rows.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)).map(({ split, label }) => `${split} ${label} (8, 8)`));
  });
});

async function artifactsOf(rows: Awaited<ReturnType<typeof drawnRows>>): Promise<string> {
  const artifacts = join(folder, 'artifacts');
  await mkdir(join(artifacts, 'datasets', 'shapes'), { recursive: true });
  await rename(join(folder, 'prepared'), join(artifacts, 'datasets', 'shapes', '1'));
  for (const { sha256, blob } of rows) {
    const file = join(artifacts, 'sha256', sha256.slice(0, 2), sha256.slice(2));
    await mkdir(dirname(file), { recursive: true });
    await rename(blob, file);
  }
  return artifacts;
}

/** With a stand-in for the one call of Pillow that reads the size of a PNG, which is not everywhere where Python is. */
async function runPython(code: string): Promise<string[] | undefined> {
  const library = join(folder, 'library', 'PIL');
  await mkdir(library, { recursive: true });
  await writeFile(join(library, '__init__.py'), '');
  await writeFile(
    join(library, 'Image.py'),
    'import struct\nclass open:\n    def __init__(self, path):\n        self.size = struct.unpack(">II", path.read_bytes()[16:24])\n',
  );
  const env = { ...process.env, PYTHONPATH: dirname(library) };
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', code], { env, timeout: 30_000 });
    return stdout.trim().split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
