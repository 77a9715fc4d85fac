import { readdir, readFile } from 'node:fs/promises';
import { UserError } from '../contracts/user-error.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import type { Sql } from './connection.ts';

/** Beside this module, in `src/` as in `dist/` (scripts/copy-sql.mjs). */
const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Brings the ledger's tables up to date, forward only and all or nothing, and returns the numbers of the migrations applied. Safe
 * to run from several processes at once. Throws `LEDGER_TOO_NEW` when the database knows a migration that this release does not.
 */
export async function migrate(sql: Sql, folder: URL = FOLDER): Promise<readonly number[]> {
  const known = await numbers(folder);
  return await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${ADVISORY_LOCKS.migrations})`;
    await tx`create table if not exists ledger_migrations (number int primary key, applied_at timestamptz(3) not null default now())`;
    const rows = await tx<{ number: number }[]>`select number from ledger_migrations`;
    const done = rows.map((row) => row.number);
    refuseUnknown(done, known);
    const pending = known.filter((number) => !done.includes(number));
    for (const number of pending) {
      await tx`insert into ledger_migrations (number) values (${number})`;
      await tx.unsafe(await readFile(new URL(fileOf(number), folder), 'utf8'));
    }
    return pending;
  });
}

async function numbers(folder: URL): Promise<number[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{6}\.sql$/.test(file));
  return files.map((file) => Number.parseInt(file, 10)).toSorted((a, b) => a - b);
}

function fileOf(number: number): string {
  return `${String(number).padStart(6, '0')}.sql`;
}

function refuseUnknown(done: readonly number[], known: readonly number[]): void {
  const unknown = done.filter((number) => !known.includes(number));
  if (unknown.length === 0) return;
  throw new UserError(
    'LEDGER_TOO_NEW',
    `The ledger was migrated by a newer release: expected at most migration ${known.at(-1) ?? 0}, found ${unknown.join(', ')}.`,
    { hint: 'Update cerebros to the release that wrote it, or use another database.', exitCode: 5 },
  );
}
