import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../contracts/user-error.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { canEnter } from './postgres-user.ts';
import type { UnixUser } from './run-command.ts';

/**
 * Where root keeps what Postgres's user must reach when the checkout or the data dir is closed to others. Not below /var/tmp, which
 * systems empty of what was not used for a month.
 */
export const SHARED_DIR = '/var/lib/cerebros';

const recordSchema = z.object({ directory: z.string(), password: z.string() });

/** Where Postgres's files are, and the password of its one user. */
export interface PostgresPlace {
  /** Belongs to Postgres's user; holds `data` when there is a database. */
  readonly directory: string;
  readonly password: string;
  /** Who owns the files and runs Postgres; null for ourselves. */
  readonly owner: UnixUser | null;
}

/**
 * The place of a data dir's Postgres, made on first use: `postgres` in the data dir, or a folder below {@link SHARED_DIR} when
 * Postgres's user cannot enter the data dir. Recorded in `postgres.json`, so that a restart finds it; it survives a move of the
 * data dir. Throws `LEDGER_GONE` or `LEDGER_CLOSED` when the recorded place cannot be used.
 */
export function placePostgres(dataDir: string, user: UnixUser | null): PostgresPlace {
  const recordFile = join(dataDir, 'postgres.json');
  const recorded = readRecord(recordFile);
  if (recorded === null) return makePlace(dataDir, recordFile, user);
  const directory = resolve(dataDir, recorded.directory);
  if (!existsSync(directory)) {
    throw new UserError('LEDGER_GONE', `The ledger's files, which ${recordFile} says are in ${directory}, are gone.`, {
      hint: `Bring them back, or remove ${recordFile} to begin an empty ledger and fill it with \`cerebros ledger rebuild\`.`,
      exitCode: 3,
    });
  }
  const owner = ownerOf(directory, user);
  if (!canEnter(realpathSync(directory), owner)) {
    throw new UserError('LEDGER_CLOSED', `Postgres runs as ${owner?.name}, who cannot enter ${directory}.`, {
      hint: `Let others enter it and each folder above it (chmod o+x), or run as the user who owns it.`,
      exitCode: 3,
    });
  }
  return { directory, password: recorded.password, owner };
}

function makePlace(dataDir: string, recordFile: string, user: UnixUser | null): PostgresPlace {
  const inside = canEnter(realpathSync(dataDir), user);
  const directory = inside ? join(dataDir, 'postgres') : makeShared();
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o700);
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const password = randomBytes(18).toString('base64url');
  // Before the database exists: a start that is killed now finds the same place and password again.
  writeFileAtomically(recordFile, `${JSON.stringify({ directory: inside ? 'postgres' : directory, password })}\n`);
  return { directory, password, owner: user };
}

/** Root runs Postgres as the files' owner: an ordinary user may have made the data dir before. */
function ownerOf(directory: string, user: UnixUser | null): UnixUser | null {
  if (user === null) return null;
  const { uid, gid } = statSync(directory);
  return uid === user.uid ? user : { name: `user ${uid}`, uid, gid };
}

function makeShared(): string {
  mkdirSync(SHARED_DIR, { recursive: true, mode: 0o755 });
  chmodSync(SHARED_DIR, 0o755);
  return mkdtempSync(join(SHARED_DIR, 'ledger-'));
}

function readRecord(file: string): z.infer<typeof recordSchema> | null {
  if (!existsSync(file)) return null;
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new UserError('LEDGER_GONE', `${file}, which says where the ledger's files are, cannot be read.`, {
      hint: 'Mend it, or remove it to begin an empty ledger.',
      exitCode: 3,
      cause: error,
    });
  }
}
