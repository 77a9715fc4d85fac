import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { missing } from './optional.ts';

const ENVIRONMENT = fileURLToPath(new URL('../../scripts/python-env.mjs', import.meta.url));
const INSTALL = 'Python 3.10 or later with venv (and the network, once), or name one that has workers/python[nas,test] in CEREBROS_PYTHON';
const TIMEOUT_MS = 15 * 60_000;

/**
 * A Python that can run `workers/python` and its tests: `CEREBROS_PYTHON`, else one made in the cache, which takes a minute the first
 * time. Undefined when there is none; the end of the run then says that `what` could not run.
 */
export async function findPython(what: string): Promise<string | undefined> {
  const named = process.env['CEREBROS_PYTHON'] ?? '';
  try {
    if (named === '') return await answerOf(process.execPath, [ENVIRONMENT]);
    return await answerOf(named, ['-c', 'import sys, cerebros.nas.activity, pytest; print(sys.executable)']);
  } catch (error) {
    missing(`${what} (${String(error).trim().split('\n').at(-1)})`, INSTALL);
    return undefined;
  }
}

async function answerOf(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { timeout: TIMEOUT_MS });
  return stdout.trim();
}
