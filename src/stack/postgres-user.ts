import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../contracts/user-error.ts';
import { runCommand } from './run-command.ts';
import type { UnixUser } from './run-command.ts';

const OWN_USER = 'cerebros';
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * The user to run Postgres as: null for ourselves. Postgres refuses to run as root, so root uses `postgres`, else `cerebros`, which
 * is created when missing, else `nobody`. Throws `NO_POSTGRES_USER`.
 */
export async function postgresUser(): Promise<UnixUser | null> {
  if (process.getuid?.() !== 0) return null;
  const found = (await lookUp('postgres')) ?? (await lookUp(OWN_USER)) ?? (await createUser()) ?? (await lookUp('nobody'));
  if (found !== null) return found;
  throw new UserError('NO_POSTGRES_USER', 'Postgres refuses to run as root, and there is no other user to run it as.', {
    hint: `Create one (useradd --system ${OWN_USER}), run as an ordinary user, or set DATABASE_URL to a Postgres that runs.`,
    exitCode: 3,
  });
}

/** Whether a user may enter a folder and all above it, by their permission bits. Null stands for ourselves. */
export function canEnter(folder: string, user: UnixUser | null): boolean {
  if (user === null) return true;
  const parent = dirname(folder);
  return maySearch(folder, user) && (parent === folder || canEnter(parent, user));
}

function maySearch(folder: string, user: UnixUser): boolean {
  const { mode, uid, gid } = statSync(folder);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

async function lookUp(name: string): Promise<UnixUser | null> {
  const uid = await runCommand('id', ['-u', name], { timeoutMs: COMMAND_TIMEOUT_MS });
  const gid = await runCommand('id', ['-g', name], { timeoutMs: COMMAND_TIMEOUT_MS });
  if (uid.problem !== null || gid.problem !== null) return null;
  return { name, uid: Number(uid.output), gid: Number(gid.output) };
}

async function createUser(): Promise<UnixUser | null> {
  await runCommand('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', OWN_USER], {
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
  return lookUp(OWN_USER);
}
