import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeVersion } from '../../../src/datasets/publish/prepare.ts';
import { drawnRows, prepared, type Drawing } from './drawn-rows.ts';

export interface Shapes extends Partial<Drawing> {
  readonly name?: string;
  readonly version?: number;
  /** Default 60. */
  readonly count?: number;
}

/** Puts a version of drawn images into a folder of artifacts, without a ledger. */
export async function publishShapes(
  artifactsDir: string,
  { name = 'shapes', version = 1, count = 60, ...drawing }: Shapes = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cerebros-shapes-'));
  try {
    await writeVersion(await prepared(folder, await drawnRows(folder, count, drawing), { dataset: name }), version);
    await cp(join(folder, 'prepared'), join(artifactsDir, 'datasets', name, String(version)), { recursive: true });
  } finally {
    await rm(folder, { recursive: true });
  }
}
