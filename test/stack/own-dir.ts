import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** A folder for one test; `remove` also removes what Postgres was given elsewhere. */
export interface OwnDir {
  readonly dir: string;
  readonly remove: () => void;
}

/** A new folder of mode 0700, as `mktemp -d` makes. */
export function ownDir(): OwnDir {
  const dir = mkdtempSync(join(tmpdir(), 'cerebros-stack-'));
  const remove = (): void => {
    for (const data of [dir, join(dir, 'data')]) rmSync(postgresDir(data), { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, remove };
}

/** Where the Postgres of a data dir keeps its files. */
export function postgresDir(dataDir: string): string {
  try {
    const record = z.object({ directory: z.string() }).parse(JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8')));
    return resolve(dataDir, record.directory);
  } catch {
    return join(dataDir, 'postgres');
  }
}

/** Polls until the condition holds; fails after 15 s. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${condition.toString()}`);
    await sleep(20);
  }
}
