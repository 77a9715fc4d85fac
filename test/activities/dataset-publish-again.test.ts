import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PublishRow } from '../../src/datasets/publish/publish-row.ts';
import { artifacts, build, dir, rowsOf, sql, store, takeBack, visible } from './publishing.ts';

describe('publishing again after it was stopped', () => {
  /** How a process that was killed leaves things; begins with images that were downloaded, and the same published elsewhere. */
  const stops: Record<string, (rows: readonly PublishRow[], done: string) => Promise<void>> = {
    'before anything': async () => {},
    'within a line of its notes': async () => appendFile(join(artifacts.runFolder('a'), 'store-new.jsonl'), '{"sha256":"0123'),
    'after its notes': async (_, done) => cp(join(done, 'runs', 'a', 'store-new.jsonl'), join(artifacts.runFolder('a'), 'store-new.jsonl')),
    'between moves': async (rows, done) => {
      await cp(join(done, 'runs', 'a', 'store-new.jsonl'), join(artifacts.runFolder('a'), 'store-new.jsonl'));
      for (const { sha256, blob } of rows.slice(0, 3)) {
        await cp(join(done, 'sha256', sha256.slice(0, 2), sha256.slice(2)), artifacts.pathOf(sha256));
        await rm(blob);
      }
    },
    'after the last move': async (rows, done) => {
      await cp(join(done, 'runs', 'a'), artifacts.runFolder('a'), { recursive: true });
      await cp(join(done, 'sha256'), join(dir, 'sha256'), { recursive: true });
      for (const { blob } of rows) await rm(blob);
    },
    'before its row was written': async (rows, done) => {
      await stops['after the last move']?.(rows, done);
      await cp(join(done, 'datasets'), join(dir, 'datasets'), { recursive: true });
    },
  };

  it.each(Object.keys(stops))('%s comes to the same, and can be taken back whole', async (stop) => {
    const done = await mkdtemp(join(tmpdir(), 'cerebros-done-'));
    await build({ run: 'a' });
    const expected = await visible();
    await cp(dir, done, { recursive: true });
    await rm(dir, { recursive: true });
    await sql`truncate datasets cascade`;

    const rows = await rowsOf({ run: 'a' });
    await stops[stop]?.(rows, done);
    expect(await store({ run: 'a' }, rows)).toEqual({ version: 1, dataset_id: 'shapes@1', created: true });
    expect(await visible()).toEqual(expected);
    await takeBack('a');
    expect(await visible()).toEqual({});
    await rm(done, { recursive: true });
  });

  it.each(Object.keys(stops))('%s can be taken back without that', async (stop) => {
    const done = await mkdtemp(join(tmpdir(), 'cerebros-done-'));
    await build({ run: 'a' });
    await cp(dir, done, { recursive: true });
    await rm(dir, { recursive: true });
    await sql`truncate datasets cascade`;

    await build({ run: 'earlier', name: 'others', from: 20 });
    const before = await visible();
    await stops[stop]?.(await rowsOf({ run: 'a' }), done);
    await takeBack('a');
    expect(await visible()).toEqual(before);
    await rm(done, { recursive: true });
  });

  it('when only the answer was lost answers it again', async () => {
    const rows = await rowsOf({ run: 'a' });
    const answer = await store({ run: 'a' }, rows);
    expect(await store({ run: 'a' }, rows)).toEqual(answer);
  });

  it('stops at an abort, with nothing to be seen but images', async () => {
    const aborted = build({ run: 'a', signal: AbortSignal.abort() });
    await expect(aborted).rejects.toThrow('aborted');
    expect(await visible()).toEqual({});
  });
});
