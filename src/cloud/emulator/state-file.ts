import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { State } from './state.ts';

const VERSION = 1;

/** The state of the last run; null when there is no file. Throws when the file holds something else. */
export function readState(file: string): State | null {
  if (!existsSync(file)) return null;
  const saved = JSON.parse(readFileSync(file, 'utf8')) as { readonly version?: unknown; readonly state?: State };
  if (saved.version === VERSION && saved.state !== undefined) return saved.state;
  throw new Error(
    `${file}: expected the state of an emulator in version ${VERSION}, got version ${String(saved.version)}; remove the file to begin anew`,
  );
}

/** Replaces the file in one step, so that a killed process leaves the old state or the new one. */
export function writeState(file: string, state: State): void {
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify({ version: VERSION, state }), { mode: 0o600 });
  renameSync(next, file);
}
