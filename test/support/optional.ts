import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * Says that a part of the tests cannot run here, and what to install; the end of the run repeats it. Throws under `CI=true`, where
 * everything must run.
 */
export function missing(what: string, install: string): void {
  const line = `could not run: ${what}; install: ${install}`;
  if (process.env['CI'] === 'true') throw new Error(line);
  appendFileSync(noteFile(), `${line}\n`);
}

/** Gives the run a file for what is missing. To be called once, before any test file. */
export function collectMissing(file: string): void {
  process.env['CEREBROS_TEST_MISSING'] = file;
}

/** What this run could not run, each once. */
export function readMissing(): readonly string[] {
  const file = noteFile();
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return [...new Set(lines)];
}

function noteFile(): string {
  const file = process.env['CEREBROS_TEST_MISSING'];
  if (file === undefined) throw new Error('expected CEREBROS_TEST_MISSING from test/support/global-setup.ts, got nothing');
  return file;
}
