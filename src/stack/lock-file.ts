import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../contracts/user-error.ts';
import { commandOf } from './process-table.ts';

const ATTEMPTS_MAX = 5;
const ownerSchema = z.object({ pid: z.number().int().positive(), command: z.string() });
type Owner = z.infer<typeof ownerSchema>;

/** A data dir held by this process until `release`. */
export interface DataDirLock {
  release(): void;
}

/**
 * Takes `dev.lock` in the data dir. A lock whose process has died (or whose pid belongs to another program by now) is taken
 * over. Throws `STACK_RUNNING`, naming the pid, when another stack holds it.
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const file = join(dataDir, 'dev.lock');
  const content = JSON.stringify({ pid: process.pid, command: commandOf(process.pid) });
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (create(file, content)) return { release: () => releaseOwn(file, content) };
    const found = read(file);
    const owner = ownerOf(found);
    if (owner !== null && commandOf(owner.pid) === owner.command) throw running(dataDir, owner.pid);
    if (found !== null) moveAside(file, found);
  }
  throw new UserError('LOCK_CONTENDED', `${file} is being taken by several processes at once.`, {
    hint: 'Start one `cerebros dev` at a time in a data dir.',
    exitCode: 5,
  });
}

/** Links a finished file into place: unlike a plain exclusive create, nobody can read it half written. */
function create(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a stale lock. By rename, so that of two that found it stale only one removes it and none removes a fresh one. */
function moveAside(file: string, stale: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (read(aside) !== stale) linkSync(aside, file);
  } catch {
    // Somebody else was first; the next attempt sees the lock as it is then.
  } finally {
    rmSync(aside, { force: true });
  }
}

function releaseOwn(file: string, content: string): void {
  if (read(file) === content) rmSync(file, { force: true });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function ownerOf(content: string | null): Owner | null {
  try {
    return content === null ? null : ownerSchema.parse(JSON.parse(content));
  } catch {
    return null;
  }
}

function running(dataDir: string, pid: number): UserError {
  return new UserError('STACK_RUNNING', `A stack already runs in ${dataDir}: \`cerebros dev\` with pid ${pid}.`, {
    hint: `Use that one, stop it (kill ${pid}), or start another in its own folder with --data-dir DIR and other ports.`,
    exitCode: 5,
  });
}
