import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('the example of the library finds the minimum, as it is built', () => {
  const printed = execFileSync(process.execPath, ['dist/examples/search-library.js'], { cwd: ROOT, encoding: 'utf8' });
  const [, best] = /^best (\d\.\d{4}) \{/.exec(printed) ?? [];
  expect(Number(best)).toBeLessThan(0.01);
  expect(printed).toContain("optimizer: 'sgd'");
});

it('the documentation shows the example as it is', () => {
  const example = readFileSync(`${ROOT}examples/search-library.ts`, 'utf8');
  const code = example.slice(example.indexOf('import '));
  expect(readFileSync(`${ROOT}docs/search-library.md`, 'utf8')).toContain(`\`\`\`ts\n${code}\`\`\``);
});
