import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bareEnv, MAIN } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'cerebros-emulator-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Vpc {
  readonly id: string;
  readonly default: boolean;
}

/** Runs the command, asks for its truth, and stops it by Ctrl-C. */
async function vpcsOf(): Promise<{ readonly vpcs: readonly Vpc[]; readonly code: number | null }> {
  const args = [MAIN, 'cloud-emulator', '--port', 'auto', '--state-file', join(dir, 'cloud.json')];
  const child = spawn(process.execPath, args, { env: bareEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    said += text;
    if (said.trimEnd().endsWith('}')) break;
  }
  const { url } = JSON.parse(said) as { readonly url: string };
  const truth = (await (await fetch(`${url}/__truth`)).json()) as { readonly resources: { readonly vpcs: readonly Vpc[] } };
  child.kill('SIGINT');
  const code = await ended;
  process.off('exit', kill);
  return { vpcs: truth.resources.vpcs, code };
}

it('serves an account that is in use until Ctrl-C, and goes on with it from its state file', async () => {
  const first = await vpcsOf();
  expect(first.code).toBe(0);
  expect(first.vpcs.length).toBeGreaterThan(0);
  expect(first.vpcs.every((vpc) => vpc.default)).toBe(true);
  expect((await vpcsOf()).vpcs).toEqual(first.vpcs);
});
