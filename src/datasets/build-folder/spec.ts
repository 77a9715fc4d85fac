import { readFile } from 'node:fs/promises';
import type { DatasetBuildInput } from '../../contracts/dataset-build.ts';
import { DatasetError } from '../errors.ts';
import { writeTextAtomically } from './atomic-file.ts';
import { buildPaths } from './paths.ts';

/** Keeps what is to be built, so that it need not be sent along with each batch. */
export async function writeSpec(folder: string, spec: DatasetBuildInput): Promise<void> {
  await writeTextAtomically(buildPaths(folder).spec, `${JSON.stringify(spec, null, 2)}\n`);
}

/** What is to be built. Throws `DatasetError` `BUILD_FILE_MISSING`. */
export async function readSpec(folder: string): Promise<DatasetBuildInput> {
  const text = await readFile(buildPaths(folder).spec, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    const message = `expected the build in ${folder}, found none: all workers need the same artifact folder`;
    throw new DatasetError('BUILD_FILE_MISSING', message, { cause });
  });
  return JSON.parse(text) as DatasetBuildInput;
}
