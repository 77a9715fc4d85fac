import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetRows } from '../../src/ledger/queries/dataset-rows.ts';
import { artifacts, build, dir, expectWhole, rowsOf, sql, store, takeBack, visible } from './publishing.ts';

describe('taking back', () => {
  it('leaves what was there before, to the byte', async () => {
    await build({ run: 'a' });
    const before = await visible();
    await build({ run: 'b', from: 3 });
    await takeBack('b');
    await takeBack('b');
    expect(await visible()).toEqual(before);
    expect(await build({ run: 'c', from: 3 })).toMatchObject({ version: 2, created: true });
  });

  it('keeps images that a later version refers to, and removes them with that one', async () => {
    await build({ run: 'a' });
    await build({ run: 'b', from: 3 });
    await takeBack('a');
    await expectWhole('shapes', 2);
    expect(existsSync(join(dir, 'datasets', 'shapes', '1'))).toBe(false);
    await takeBack('b');
    expect(await visible()).toEqual({});
  });

  it('keeps a version that another build came to as well, until that is taken back', async () => {
    await build({ run: 'a' });
    await build({ run: 'b' });
    await takeBack('a');
    await expectWhole('shapes', 1);
    expect((await datasetRows(sql))[0]).toMatchObject({ id: 'shapes', version: 1, run_id: 'b' });
    await takeBack('b');
    expect(await visible()).toEqual({});
  });

  it('of a build that came to the version of another leaves that alone', async () => {
    await build({ run: 'a' });
    const before = await visible();
    await build({ run: 'b' });
    await takeBack('b');
    expect(await visible()).toEqual(before);
  });

  it('leaves content that was in the store before any dataset', async () => {
    const rows = await rowsOf({ run: 'a' });
    const { uri } = await artifacts.put(await readFile(rows[0]?.blob ?? ''));
    await store({ run: 'a' }, rows);
    await takeBack('a');
    expect((await artifacts.get(uri)).length).toBe(rows[0]?.bytes);
    expect(Object.keys(await visible())).toHaveLength(1);
  });

  it('brings the images back into the build, which can publish them again', async () => {
    const rows = await rowsOf({ run: 'a' });
    const first = await store({ run: 'a' }, rows);
    const before = await visible();
    await takeBack('a');
    expect(await store({ run: 'a' }, rows)).toEqual(first);
    expect(await visible()).toEqual(before);
  });

  it('of what was never published changes nothing', async () => {
    await build({ run: 'a' });
    const before = await visible();
    await takeBack('never');
    expect(await visible()).toEqual(before);
  });

  it('passes over a folder that is no version', async () => {
    await mkdir(join(dir, 'datasets', 'of-others', '1'), { recursive: true });
    await build({ run: 'a' });
    await takeBack('a');
    expect(await visible()).toEqual({});
  });
});

describe('taking back after it was stopped, or while others publish', () => {
  it('goes on when it was stopped with the folder away and the row still there', async () => {
    await build({ run: 'a' });
    await mkdir(join(artifacts.runFolder('a'), 'taken-back'));
    await cp(join(dir, 'datasets', 'shapes', '1'), join(artifacts.runFolder('a'), 'taken-back', '1'), { recursive: true });
    await rm(join(dir, 'datasets', 'shapes', '1'), { recursive: true });
    await rm(join(artifacts.runFolder('a'), 'store-new.jsonl'));
    await takeBack('a');
    expect(await visible()).toEqual({});
  });

  it('leaves each version whole when others publish some of the same images', async () => {
    await build({ run: 'a' });
    const work = [1, 2, 3, 4].flatMap((from) => [
      build({ run: `run-${from}`, from }),
      from % 2 === 0 ? takeBack('a') : build({ run: `other-${from}`, name: 'others', from }),
    ]);
    await Promise.all(work);
    for (const { id, version } of await datasetRows(sql)) await expectWhole(id, version);
    for (const from of [1, 2, 3, 4]) await takeBack(`run-${from}`);
    for (const from of [1, 3]) await takeBack(`other-${from}`, 'others');
    expect(await visible()).toEqual({});
    expect((await stat(join(dir, 'datasets'))).isDirectory()).toBe(true);
  });
});
