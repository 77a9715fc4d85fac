import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StudyFile, type StudyEntry } from '../../src/activities/study-file.ts';

let folder: string;
let file: StudyFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cerebros-study-'));
  file = new StudyFile(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function entry(seq: number, max_trials = seq): StudyEntry {
  return { seq, recoveries: 0, now: '2026-01-01T00:00:00.000Z', inputs: [{ type: 'extend', max_trials }], proposals: [null] };
}

const path = (): string => join(folder, 'study.jsonl');

describe('the file of a study', () => {
  it('has nothing before its first call, and then its calls in order', async () => {
    expect(await file.read()).toEqual([]);
    for (const seq of [0, 1, 2]) await file.append(entry(seq));
    expect(await file.read()).toEqual([entry(0), entry(1), entry(2)]);
  });

  it.each([1, 10, 40])('passes over a last line that was torn %d bytes before its end, and takes the call again', async (bytes) => {
    for (const seq of [0, 1, 2]) await file.append(entry(seq));
    truncateSync(path(), readFileSync(path()).length - bytes);
    expect(await file.read()).toEqual([entry(0), entry(1)]);
    await file.append(entry(2, 50));
    await file.append(entry(3));
    expect(await file.read()).toEqual([entry(0), entry(1), entry(2, 50), entry(3)]);
  });

  it('has a call that is made again take the place of what it was, and of all that followed', async () => {
    for (const seq of [0, 1, 2, 3]) await file.append(entry(seq));
    await file.append(entry(1, 99));
    expect(await file.read()).toEqual([entry(0), entry(1, 99)]);
    await file.append(entry(2));
    expect(await file.read()).toEqual([entry(0), entry(1, 99), entry(2)]);
  });

  it('only grows', async () => {
    await file.append(entry(0));
    const before = readFileSync(path(), 'utf8');
    await file.append(entry(0, 7));
    expect(readFileSync(path(), 'utf8').startsWith(before)).toBe(true);
  });

  it('passes over lines that are none', async () => {
    await file.append(entry(0));
    appendFileSync(path(), '\n\n{"seq":1,"inp');
    await file.append(entry(1));
    expect(await file.read()).toEqual([entry(0), entry(1)]);
  });

  it('cannot be added to when its folder is gone', async () => {
    rmSync(folder, { recursive: true });
    await expect(file.append(entry(0))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
