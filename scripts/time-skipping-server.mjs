// Prints the path of an executable that starts Temporal's time-skipping test server; it takes a port. It is a Java program from Maven
// Central. The first time its jars are put into the cache, $XDG_CACHE_HOME/cerebros/time-skipping-server-<hash>, which takes Java 11 or
// later, Maven, the network, 40 MB and at most 5 minutes. Exits with 1, and says why, when it cannot.
//   $(node scripts/time-skipping-server.mjs) 7299
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FETCH_MS = 5 * 60_000;
const MAIN = 'io.temporal.testserver.TestServer';

const pom = fileURLToPath(new URL('time-skipping-server.pom.xml', import.meta.url));

try {
  console.log(server());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function server() {
  run('java', ['-version'], 30_000);
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const folder = join(cacheDir(), `time-skipping-server-${hash}`);
  const executable = join(folder, 'server');
  if (!existsSync(executable)) fetchInto(folder);
  return executable;
}

/** In a folder of its own that takes its name when all is there: two processes may fetch at once, and the first wins. */
function fetchInto(folder) {
  mkdirSync(cacheDir(), { recursive: true });
  const staging = mkdtempSync(`${folder}-`);
  try {
    console.error(`fetching Temporal's time-skipping test server into ${folder} …`);
    run('mvn', ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${staging}`], FETCH_MS);
    writeFileSync(join(staging, 'server'), `#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp "$(dirname "$0")/*" ${MAIN} "$@"\n`);
    chmodSync(join(staging, 'server'), 0o755);
    renameSync(staging, folder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function run(command, args, timeout) {
  const { status, stdout, stderr, error, signal } = spawnSync(command, args, { encoding: 'utf8', timeout, killSignal: 'SIGKILL' });
  if (status === 0) return;
  const why = error?.message ?? (signal ? `ended by ${signal}` : `${stderr}${stdout}`.trim().split('\n').slice(-3).join(' '));
  throw new Error(`${command} ${args.slice(0, 3).join(' ')} did not work: ${why}`);
}

function cacheDir() {
  const home = process.env.XDG_CACHE_HOME ?? '';
  return join(isAbsolute(home) ? home : join(homedir(), '.cache'), 'cerebros');
}
