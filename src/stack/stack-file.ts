import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from './atomic-file.ts';
import { isAlive } from './process-table.ts';

const stackFileSchema = z.object({
  temporal_address: z.string(),
  database_url: z.string(),
  web_url: z.string().nullable(),
  ui_url: z.string().nullable(),
  pids: z.record(z.string(), z.number().int().positive()),
});

/**
 * Where a running stack is found: `stack.json` in the data dir. `web_url` is null without a page, `ui_url` when Temporal is not
 * ours; `pids` names our own processes (`dev`, and `temporal` and `postgres` when embedded).
 */
export type StackFile = Readonly<z.infer<typeof stackFileSchema>>;

/** Says where the stack is, atomically; to be called when all of it is ready. */
export function writeStackFile(dataDir: string, stack: StackFile): void {
  writeFileAtomically(pathOf(dataDir), `${JSON.stringify(stackFileSchema.parse(stack), null, 2)}\n`);
}

/** What `stack.json` in the data dir says; null when there is none, it is damaged, or none of its processes lives any more. */
export function readStackFile(dataDir: string): StackFile | null {
  try {
    const stack = stackFileSchema.parse(JSON.parse(readFileSync(pathOf(dataDir), 'utf8')));
    return Object.values(stack.pids).some(isAlive) ? stack : null;
  } catch {
    return null;
  }
}

/** Removes `stack.json`; nothing happens when there is none. */
export function removeStackFile(dataDir: string): void {
  rmSync(pathOf(dataDir), { force: true });
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'stack.json');
}
