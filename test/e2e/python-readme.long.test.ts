import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { bareEnv, makeDataDir, processesOf, ROOT, signalGroup } from '../support/cli.ts';
import { findPython } from '../support/python.ts';
import { until } from '../support/until.ts';

// The commands of workers/python/README.md as they stand there, one after the other, in a home and a checkout of their own.

const README = readFileSync(join(ROOT, 'workers/python/README.md'), 'utf8');
const COMMANDS_MS = 300_000;
const SETTINGS = ['.config/pip', '.pip', '.npmrc'];

const pythons = [await findPython('the commands of the README of workers/python')].filter((python) => python !== undefined);

describe.each(pythons.length > 0 ? ['README.md'] : [])('the commands of %s', () => {
  const home = makeDataDir();
  const checkout = join(home, 'checkout');
  const env = makeHome(home, checkout);
  const terminals: Terminal[] = [];
  afterAll(async () => {
    for (const terminal of terminals.toReversed()) await terminal.interrupt();
    expect(processesOf(home)).toEqual([]);
    rmSync(home, { recursive: true, force: true });
  });

  it('install the package into a fresh environment and run the example without a server', async () => {
    const [install = ''] = blocksUnder('Without a server', 'sh');
    const [result = ''] = blocksUnder('Without a server', 'json');
    const { stdout } = await run(install, { cwd: checkout, env });
    expect(jsonsIn(stdout)).toEqual([JSON.parse(result)]);
  });

  it('run the example on a stack, after its sleep and an approval, and by its name', async () => {
    const [dev = '', worker = '', ask = '', byName = ''] = blocksUnder('On a stack', 'sh');
    const [polls = ''] = blocksUnder('On a stack', '');
    terminals.push(await openTerminal(dev, 'Cerebros is ready', { cwd: checkout, env }));
    // The port is a free one here.
    const [before = '', after = ''] = polls.trim().split(/(?<=127\.0\.0\.1:)\d+/);
    const serving = await openTerminal(worker, after, { cwd: checkout, env });
    terminals.push(serving);
    expect(serving.said()).toContain(before);
    const outputs = jsonsIn((await run(ask, { cwd: checkout, env })).stdout);
    const shown = outputs.at(-1) as SagaRun;
    expect(shown).toMatchObject({ id: 'my-report', status: 'completed', result: { total: { sum: 12 }, publish: { published: true } } });
    expect(outputs.at(-2)).toEqual(shown.result);
    const [row, started] = jsonsIn((await run(byName, { cwd: checkout, env })).stdout);
    expect(row).toMatchObject({ name: 'py-report', version: '1' });
    expect(started).toMatchObject({ status: 'running' });
  });
});

/** The fenced blocks of a language under a heading, in order. */
function blocksUnder(heading: string, language: string): readonly string[] {
  const section = README.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const fences = [...section.matchAll(/^```(.*)\n([^]*?)^```$/gm)];
  return fences.filter(([, found]) => found === language).map(([, , text = '']) => text);
}

/** A home with a link to the checkout's content, so that what the commands write is not written there; and the environment of a shell. */
function makeHome(home: string, checkout: string): NodeJS.ProcessEnv {
  const bin = join(home, 'bin');
  for (const folder of [checkout, bin, join(home, '.config')]) mkdirSync(folder);
  for (const name of readdirSync(ROOT)) if (!name.startsWith('.')) symlinkSync(join(ROOT, name), join(checkout, name));
  // Where packages come from is a matter of this machine.
  for (const name of SETTINGS) symlinkSync(join(homedir(), name), join(home, name));
  // Ports of its own for the stack: those it has by default may be taken here.
  const npx = execFileSync('sh', ['-c', 'command -v npx'], { encoding: 'utf8' }).trim();
  const flags = ['--port', '--ui-port', '--ledger-port', '--web-port'].map((flag) => `${flag} auto`).join(' ');
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\n[ "$*" = 'cerebros dev' ] && set -- "$@" ${flags} --output text\nexec ${npx} "$@"\n`);
  chmodSync(join(bin, 'npx'), 0o755);
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const path = `${bin}:${process.env['PATH'] ?? ''}`;
  return { ...bareEnv(), HOME: home, PATH: path, XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: join(home, '.config') };
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs commands until one fails. Throws with what they said then, or when they take too long. */
async function run(commands: string, place: Place): Promise<{ readonly stdout: string }> {
  const shell = openShell(commands, place);
  const late = setTimeout(() => signalGroup(shell.pid, 'SIGKILL'), COMMANDS_MS);
  const code = await shell.ended;
  clearTimeout(late);
  if (code !== 0) throw new Error(`${commands}\nended with ${code ?? 'a signal'}:\n${shell.said()}`);
  return { stdout: shell.stdout() };
}

/** A command that is left running. */
interface Terminal {
  readonly said: () => string;
  /** Ctrl-C, and waits for the end. */
  interrupt(): Promise<void>;
}

/** Waits until the command says what it is to say. */
async function openTerminal(command: string, says: string, place: Place): Promise<Terminal> {
  const shell = openShell(command, place);
  const interrupt = async (): Promise<void> => {
    signalGroup(shell.pid, 'SIGINT');
    await shell.ended;
  };
  try {
    await until(() => shell.said().includes(says) || refuseEnd(shell), 60_000, `${says} of ${command}`);
  } catch (error) {
    await interrupt();
    throw error;
  }
  return { said: shell.said, interrupt };
}

interface Shell {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  /** To both streams so far. */
  said(): string;
  stdout(): string;
  hasEnded(): boolean;
}

/** A shell in a process group of its own, as a terminal gives it. */
function openShell(commands: string, { cwd, env }: Place): Shell {
  const child = spawn('sh', ['-ec', commands], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  const out = { both: '', stdout: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => ((out.stdout += text), (out.both += text)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out.both += text));
  const kill = (): void => signalGroup(pid, 'SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).finally(() => process.off('exit', kill));
  return {
    pid,
    ended,
    said: () => out.both,
    stdout: () => out.stdout,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  };
}

function refuseEnd(shell: Shell): false {
  if (shell.hasEnded()) throw new Error(`it ended:\n${shell.said()}`);
  return false;
}

/** The JSON documents among what commands printed, each from the start of a line to its end. */
function jsonsIn(stdout: string): readonly unknown[] {
  const documents = stdout.matchAll(/^[{[][^]*?^[}\]]$/gm);
  return [...documents].map(([text]) => JSON.parse(text) as unknown);
}
