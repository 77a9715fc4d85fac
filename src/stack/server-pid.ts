import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { writeFileAtomically } from './atomic-file.ts';
import { commandOf } from './process-table.ts';
import { stopProcess } from './stop-process.ts';

const POLL_MS = 25;
const recordSchema = z.object({ pid: z.number().int().positive(), mark: z.string().min(1) });

/** A server as its pid file knows it. `mark` is a part of its command line that no other program has. */
export type ServerRecord = Readonly<z.infer<typeof recordSchema>>;

/** Records a server that was started, so that a later stack can end it if this one cannot. */
export function recordServer(pidFile: string, record: ServerRecord): void {
  writeFileAtomically(pidFile, JSON.stringify(record));
}

/** Ends the server that an earlier stack left behind, if it still runs and is that one; a used-again pid is left alone. */
export async function endLeftover(pidFile: string): Promise<void> {
  const record = read(pidFile);
  if (record !== null && runs(record)) {
    // SIGINT ends both servers in order, and Postgres without waiting for its clients.
    await stopProcess(record.pid, [{ signal: 'SIGINT', waitMs: 15_000 }], untilGone(record));
  }
  rmSync(pidFile, { force: true });
}

async function untilGone(record: ServerRecord): Promise<void> {
  while (runs(record)) await sleep(POLL_MS);
}

function runs(record: ServerRecord): boolean {
  return commandOf(record.pid).includes(record.mark);
}

function read(pidFile: string): ServerRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(pidFile, 'utf8')));
  } catch {
    return null;
  }
}
