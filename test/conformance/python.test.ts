import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findPython } from '../support/python.ts';

const PROJECT = fileURLToPath(new URL('../../workers/python', import.meta.url));
const ENVIRONMENT = fileURLToPath(new URL('../../scripts/python-env.mjs', import.meta.url));
const PYTEST_MS = 400_000;

const pythons = [await findPython('the tests of the Python worker')].filter((python) => python !== undefined);

describe.each(pythons)('with %s', (python) => {
  test(
    'the Python worker passes its own tests, on the real server too',
    async () => {
      const child = spawn(python, ['-m', 'pytest', '--quiet'], { cwd: PROJECT, stdio: ['ignore', 'pipe', 'inherit'] });
      const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
      expect(code, said).toBe(0);
      expect(said).toMatch(/\d\d passed in/);
    },
    PYTEST_MS,
  );
});

test('without a Python, the script that makes the environment says why', async () => {
  const asked = promisify(execFile)(process.execPath, [ENVIRONMENT], { env: { HOME: '/nowhere', PATH: '/nowhere' } });
  await expect(asked).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^python3 .* did not work: .*ENOENT\n$/),
  });
});
