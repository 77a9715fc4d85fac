import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { loadSettings } from '../../dist/config.js';
import { claimPorts } from '../../dist/stack/ports.js';
import { startPostgres } from '../../dist/stack/postgres-server.js';
import { stopProcess } from '../../dist/stack/stop-process.js';
import { findTemporalBinary } from '../../dist/stack/temporal-binary.js';
import { startTemporal } from '../../dist/stack/temporal-server.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const STEPS = fileURLToPath(new URL('steps.py', import.meta.url));
const WORKER_START_MS = 60_000;
const CLIENT_MS = 30_000;
const POLL_MS = 20;

/** A data dir and free ports, and the environment of all parts, with none of this machine's settings. */
export async function choosePlace(python) {
  const dataDir = mkdtempSync('/var/tmp/cerebros-resurrection-');
  // Postgres may run as another user.
  chmodSync(dataDir, 0o755);
  mkdirSync(join(dataDir, 'logs'));
  const bare = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL_|CEREBROS_|DATABASE_URL$|NODE_OPTIONS$)/.test(name));
  const env = { ...Object.fromEntries(bare), XDG_CONFIG_HOME: '/nonexistent', CEREBROS_RECONCILE_EVERY_MS: '0' };
  const { cache_dir: cacheDir } = loadSettings(env);
  const executable = await findTemporalBinary({ log: console.error, env, cacheDir });
  const portOf = await claimPorts({ '--port': 'auto', '--ui-port': 'auto', '--ledger-port': 'auto' });
  const ports = { temporal: portOf('--port'), ui: portOf('--ui-port'), postgres: portOf('--ledger-port') };
  return { dataDir, env, cacheDir, executable, ports, python, address: `127.0.0.1:${ports.temporal}`, databaseUrl: '' };
}

/** Starts one part and waits until it answers, a worker until Temporal sees it poll. Answers its `pid`, `ended` and `stop()`. */
export async function startPart(place, name) {
  if (name === 'Temporal') return startTemporal({ ...place, namespace: 'default', port: place.ports.temporal, uiPort: place.ports.ui });
  if (name === 'Postgres') {
    const postgres = await startPostgres({ ...place, port: place.ports.postgres });
    place.databaseUrl = postgres.databaseUrl;
    return postgres;
  }
  const command = name === 'worker' ? [process.execPath, MAIN, 'worker', '--output', 'text'] : [place.python, STEPS, 'worker'];
  return startWorker(place, name, command);
}

/** Runs `steps.py` to its end. Throws what it said when it fails, or takes longer than 30 s. */
export async function runSteps(place, args) {
  const child = launch(place, [place.python, STEPS, ...args]);
  const said = listen(child, () => undefined);
  const late = setTimeout(() => child.kill('SIGKILL'), CLIENT_MS);
  const code = await child.ended;
  clearTimeout(late);
  if (code !== 0) throw new Error(`steps.py ${args[0]}: expected exit 0 within ${CLIENT_MS} ms, got ${code ?? 'none'}: ${said()}`);
}

async function startWorker(place, name, command) {
  const child = launch(place, command);
  const said = listen(child, (text) => appendFileSync(join(place.dataDir, 'logs', `${name.replace(' ', '-').toLowerCase()}.log`), text));
  for (const deadline = Date.now() + WORKER_START_MS; !said().includes('worker polls'); await pause(POLL_MS)) {
    if (Date.now() < deadline && child.exitCode === null && child.signalCode === null) continue;
    child.kill('SIGKILL');
    throw new Error(`${name}: expected it to poll within ${WORKER_START_MS} ms, it said:\n${said()}`);
  }
  const { pid, ended } = child;
  return { pid, ended, stop: () => stopProcess(pid, [{ signal: 'SIGTERM', waitMs: 20_000 }], ended) };
}

/** A process with `ended`, its exit code. It does not outlive us: servers have watchdogs, this has none. */
function launch({ dataDir, env, address, databaseUrl }, [program, ...args]) {
  const found = { CEREBROS_DATA_DIR: dataDir, TEMPORAL_ADDRESS: address, DATABASE_URL: databaseUrl };
  const child = spawn(program, args, { cwd: dataDir, env: { ...env, ...found }, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const ended = new Promise((resolve) => child.once('close', resolve)).finally(() => process.off('exit', end));
  return Object.assign(child, { ended });
}

/** Answers what it has said so far, to either stream. */
function listen(child, hear) {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
      hear(text);
    });
  return () => said;
}
