import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { freePort } from '../../src/stack/ports.ts';
import { isAlive } from '../../src/stack/process-table.ts';
import { readStackFile, writeStackFile } from '../../src/stack/stack-file.ts';
import { startStack } from '../../src/stack/stack.ts';
import type { Stack, StackOptions } from '../../src/stack/stack.ts';
import type { OwnDir } from './own-dir.ts';
import { ownDir, postgresDir, until } from './own-dir.ts';
import { query, runExists, startRun } from './stack-contents.ts';

// Temporal may have to be built by Go on a machine that has none: minutes, once.
const FIRST_START_MS = 10 * 60_000;
const TEST_MS = 60_000;

const stacks: Stack[] = [];
let own: OwnDir;

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const ports = { port: 'auto', ui_port: 'auto', ledger_port: 'auto' } as const;
  const stack = await startStack({ data_dir: own.dir, ...ports, ...options }, { log: () => undefined, env: embeddedEnv() });
  stacks.push(stack);
  return stack;
}

function embeddedEnv(): NodeJS.ProcessEnv {
  return { ...process.env, TEMPORAL_ADDRESS: '', DATABASE_URL: '', TEMPORAL_NAMESPACE: '' };
}

function pidOf(stack: Stack, name: 'temporal' | 'postgres'): number {
  const pid = stack.pids[name];
  if (pid === undefined) throw new Error(`${name} is not embedded`);
  return pid;
}

beforeAll(async () => {
  own = ownDir();
  await (await start()).stop();
  own.remove();
}, FIRST_START_MS);

beforeEach(() => {
  own = ownDir();
});

afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
  own.remove();
}, TEST_MS);

test(
  'a stack in a folder closed to others keeps its data over a restart and leaves no process',
  async () => {
    const first = await start();
    await query(first, 'create table kept (n int)');
    await query(first, 'insert into kept values (7)');
    await startRun(first, 'kept');
    await first.stop();
    expect([pidOf(first, 'temporal'), pidOf(first, 'postgres')].filter(isAlive)).toEqual([]);
    expect(['dev.lock', 'temporal.pid', 'postgres.pid'].filter((name) => existsSync(join(own.dir, name)))).toEqual([]);

    const second = await start();
    expect(await query(second, 'select n from kept')).toEqual([{ n: 7 }]);
    expect(await runExists(second, 'kept')).toBe(true);
  },
  TEST_MS,
);

test(
  'data outlives kill -9 of both servers, and the stack tells of the death with the end of the log',
  async () => {
    const first = await start();
    await query(first, 'create table kept (n int)');
    await query(first, 'insert into kept values (8)');
    await startRun(first, 'kept');
    process.kill(pidOf(first, 'postgres'), 'SIGKILL');
    const death = await first.died;
    expect(death).toMatchObject({ code: 'SERVER_DIED', exitCode: 3 });
    expect(death.message).toMatch(/^Postgres ended unexpectedly: ended by SIGKILL.*ready to accept connections/s);
    process.kill(pidOf(first, 'temporal'), 'SIGKILL');
    await until(() => !isAlive(pidOf(first, 'temporal')));
    await first.stop();

    const second = await start();
    expect(await query(second, 'select n from kept')).toEqual([{ n: 8 }]);
    expect(await runExists(second, 'kept')).toBe(true);
  },
  TEST_MS,
);

test(
  'a leftover of a stack that was killed is ended by the next start, and no other process is',
  async () => {
    const stranger = spawn('sleep', ['60']);
    const leftover = spawn('sleep', ['61']);
    writeFileSync(join(own.dir, 'temporal.pid'), JSON.stringify({ pid: stranger.pid, mark: join(own.dir, 'temporal.db') }));
    writeFileSync(join(own.dir, 'postgres.pid'), JSON.stringify({ pid: leftover.pid, mark: 'sleep 61' }));
    await start();
    await until(() => leftover.signalCode === 'SIGINT');
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill();
  },
  TEST_MS,
);

test(
  'a second start in one folder is refused and names the pid of the first',
  async () => {
    await start();
    await expect(start()).rejects.toMatchObject({
      code: 'STACK_RUNNING',
      exitCode: 5,
      message: expect.stringContaining(`pid ${process.pid}`),
    });
  },
  TEST_MS,
);

test(
  'a lock whose process is gone, or whose pid another program has by now, is taken over',
  async () => {
    writeFileSync(join(own.dir, 'dev.lock'), JSON.stringify({ pid: process.pid, command: 'node another-program' }));
    const stack = await start();
    expect(JSON.parse(readFileSync(join(own.dir, 'dev.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    await stack.stop();
  },
  TEST_MS,
);

test.each([
  ['port', '--port'],
  ['ui_port', '--ui-port'],
  ['ledger_port', '--ledger-port'],
] as const)('a taken %s is refused with the flag %s that changes it', async (option, flag) => {
  const port = await freePort();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  await expect(start({ [option]: port })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining(String(port)),
    hint: expect.stringContaining(`${flag} N`),
  });
  await new Promise((resolve) => holder.close(resolve));
});

test(
  'stack.json says where a ready stack is, and a stale one is ignored',
  async () => {
    const stack = await start();
    const { temporal_address, database_url, ui_url, pids } = stack;
    writeStackFile(own.dir, { temporal_address, database_url, web_url: null, ui_url, pids });
    expect(readStackFile(own.dir)).toEqual({ temporal_address, database_url, web_url: null, ui_url, pids });
    await stack.stop();
    expect(existsSync(join(own.dir, 'stack.json'))).toBe(false);

    const dead = pidOf(stack, 'postgres');
    writeStackFile(own.dir, { temporal_address, database_url, web_url: null, ui_url, pids: { dev: dead } });
    expect(readStackFile(own.dir)).toBeNull();
  },
  TEST_MS,
);

test(
  'a ledger of another major version of Postgres is refused and nothing is left running',
  async () => {
    const stack = await start();
    await stack.stop();
    writeFileSync(join(postgresDir(own.dir), 'data', 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toMatchObject({
      code: 'LEDGER_VERSION',
      message: expect.stringMatching(/Postgres 15; this is Postgres 18/),
    });
    expect(existsSync(join(own.dir, 'temporal.pid'))).toBe(false);
  },
  TEST_MS,
);

test(
  'an interrupted start leaves no process and no lock',
  async () => {
    const interrupt = new AbortController();
    const ports = { port: 'auto', ui_port: 'auto', ledger_port: 'auto' } as const;
    const starting = startStack({ data_dir: own.dir, ...ports }, { log: () => undefined, env: embeddedEnv(), signal: interrupt.signal });
    const failure = starting.catch((error: unknown) => error);
    await until(() => existsSync(join(own.dir, 'temporal.pid')));
    const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(join(own.dir, 'temporal.pid'), 'utf8')));
    interrupt.abort();
    expect(await failure).toMatchObject({ code: 'INTERRUPTED' });
    expect(isAlive(pid)).toBe(false);
    expect(['dev.lock', 'temporal.pid', 'postgres.pid'].filter((name) => existsSync(join(own.dir, name)))).toEqual([]);
  },
  TEST_MS,
);

test('a data dir that cannot be written is refused', async () => {
  const file = join(own.dir, 'file');
  writeFileSync(file, '');
  await expect(start({ data_dir: join(file, 'data') })).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE', exitCode: 2 });
});

test(
  'a proxy that the environment names is not used for the stack itself',
  async () => {
    vi.stubEnv('http_proxy', 'http://127.0.0.1:9');
    vi.stubEnv('https_proxy', 'http://127.0.0.1:9');
    try {
      expect(await start()).toMatchObject({ temporal_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    } finally {
      vi.unstubAllEnvs();
    }
  },
  TEST_MS,
);

test('TEMPORAL_ADDRESS and DATABASE_URL stand for servers that run already: nothing is started', async () => {
  const env = { ...process.env, TEMPORAL_ADDRESS: '127.0.0.1:1', DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x' };
  const stack = await startStack({ data_dir: own.dir }, { log: () => undefined, env });
  stacks.push(stack);
  expect(stack).toMatchObject({ temporal_address: '127.0.0.1:1', database_url: 'postgres://u:p@127.0.0.1:1/x', ui_url: null });
  expect(stack.pids).toEqual({ dev: process.pid });
});
