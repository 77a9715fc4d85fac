// Prints the path of a Python that can run workers/python and its tests. The first time it makes a virtual environment in the cache,
// $XDG_CACHE_HOME/cerebros/python-<hash>, which takes the network, 380 MB and at most 10 minutes. Exits with 1, and says why, when it
// cannot.
//   $(node scripts/python-env.mjs) -m cerebros.worker
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BUILD_MS = 10 * 60_000;
const POLL_MS = 200;

const project = fileURLToPath(new URL('../workers/python', import.meta.url));

try {
  console.log(await environment());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function environment() {
  const folder = join(cacheDir(), `python-${hash()}`);
  const python = join(folder, 'bin', 'python');
  const ready = join(folder, 'cerebros-ready');
  if (isReady()) return python;
  const release = await lock(`${folder}.lock`);
  try {
    if (!isReady()) build(folder, python, ready);
  } finally {
    release();
  }
  return python;

  function isReady() {
    return existsSync(ready) && existsSync(python);
  }
}

/** Of what decides the content: the installation is an editable one, so the sources are not part of it, but their place is. */
function hash() {
  const version = run('python3', ['-c', 'import sys; assert sys.version_info >= (3, 10), sys.version; print(sys.version)'], 30_000);
  const content = [readFileSync(join(project, 'pyproject.toml')), project, version].join('\n');
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}

function build(folder, python, ready) {
  console.error(`installing workers/python with its dependencies into ${folder} …`);
  rmSync(folder, { recursive: true, force: true });
  run('python3', ['-m', 'venv', folder], BUILD_MS);
  run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', '--editable', `${project}[nas,test]`], BUILD_MS);
  run(python, ['-c', 'import cerebros.nas.activity, pytest'], 60_000);
  writeFileSync(ready, '');
}

/** One build at a time. A lock whose process has died is taken over. */
async function lock(file) {
  mkdirSync(cacheDir(), { recursive: true });
  for (const deadline = Date.now() + BUILD_MS; Date.now() < deadline; await pause(POLL_MS)) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = holderOf(file);
      if (!isAlive(holder)) removeStale(file, holder);
    }
  }
  throw new Error(`${file} has been held by process ${holderOf(file)} for ${BUILD_MS / 60_000} minutes`);
}

/** Its pid; our own while the file is being written, or is gone by now. */
function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8')) || process.pid;
  } catch {
    return process.pid;
  }
}

/** By rename, so that of two that found it stale none removes the fresh lock of the other. */
function removeStale(file, pid) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== String(pid)) linkSync(aside, file);
  } catch {
    // Somebody else was first.
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function run(command, args, timeout) {
  const { status, stdout, stderr, error, signal } = spawnSync(command, args, { encoding: 'utf8', timeout, killSignal: 'SIGKILL' });
  if (status === 0) return stdout;
  const why = error?.message ?? (signal ? `ended by ${signal}` : `${stderr}${stdout}`.trim().split('\n').slice(-3).join(' '));
  throw new Error(`${command} ${args.slice(0, 3).join(' ')} did not work: ${why}`);
}

function cacheDir() {
  const home = process.env.XDG_CACHE_HOME ?? '';
  return join(isAbsolute(home) ? home : join(homedir(), '.cache'), 'cerebros');
}
