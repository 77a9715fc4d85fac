import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { isAlive } from '../../src/stack/process-table.ts';
import { ownDir, until } from './own-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const own = ownDir();
const built = join(own.dir, 'built');

const pidsSchema = z.object({ dev: z.number(), temporal: z.number(), postgres: z.number() });

const SCRIPT = `
import { startStack } from './stack/stack.js';
const auto = { port: 'auto', ui_port: 'auto', ledger_port: 'auto' };
const stack = await startStack({ data_dir: process.argv[2], ...auto }, { log: () => undefined });
process.on('SIGTERM', () => stack.stop());
process.on('SIGINT', () => undefined);
console.log(JSON.stringify(stack.pids));`;

// A process of its own, to be killed: Node runs no TypeScript, so the stack is compiled for it.
beforeAll(() => {
  const options = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions: { composite: false, sourceMap: false, types: ['node'] } };
  const compilerOptions = {
    ...options.compilerOptions,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    rootDir: join(ROOT, 'src'),
    outDir: built,
  };
  mkdirSync(built);
  writeFileSync(join(own.dir, 'tsconfig.json'), JSON.stringify({ ...options, compilerOptions, files: [join(ROOT, 'src/stack/stack.ts')] }));
  const compiled = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', own.dir], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  writeFileSync(join(built, 'run.js'), SCRIPT);
  symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'));
}, 60_000);

afterAll(() => own.remove());

async function startProcess(): Promise<{ pid: number; servers: readonly number[]; exited: Promise<unknown> }> {
  const env = { ...process.env, TEMPORAL_ADDRESS: '', DATABASE_URL: '' };
  const child = spawn(process.execPath, [join(built, 'run.js'), join(own.dir, 'data')], { detached: true, env });
  const exited = once(child, 'exit');
  const [line]: unknown[] = await once(child.stdout, 'data');
  const { dev, temporal, postgres } = pidsSchema.parse(JSON.parse(String(line)));
  return { pid: dev, servers: [temporal, postgres], exited };
}

test('the servers end when the process that started them is killed, and a start right after it waits for them', async () => {
  const killed = await startProcess();
  process.kill(killed.pid, 'SIGKILL');
  await killed.exited;
  const next = await startProcess();
  expect(killed.servers.filter(isAlive)).toEqual([]);

  process.kill(next.pid, 'SIGKILL');
  await until(() => !next.servers.some(isAlive));
}, 60_000);

test('Ctrl-C, which signals the whole group, reaches only the process itself; the servers end when it stops them', async () => {
  const running = await startProcess();
  process.kill(-running.pid, 'SIGINT');
  expect(running.servers.every(isAlive)).toBe(true);
  process.kill(running.pid, 'SIGTERM');
  await running.exited;
  expect(running.servers.filter(isAlive)).toEqual([]);
}, 60_000);
