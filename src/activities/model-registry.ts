import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/activity';
import { sha256Of, type ArtifactStore } from '../artifacts/store.ts';
import type { Sql } from '../ledger/connection.ts';
import { deleteMetrics } from '../ledger/queries/delete-metrics.ts';
import { deleteModel } from '../ledger/queries/delete-model.ts';
import { getModel } from '../ledger/queries/get-model.ts';
import { isArtifactUsed } from '../ledger/queries/is-artifact-used.ts';

export interface ModelStores {
  readonly sql: Sql;
  readonly artifacts: ArtifactStore;
}

/** The bytes of a trained model in a run's folder. Fails with `HASH_MISMATCH` when they are not what was trained. */
export async function readModel(folder: string, model: { readonly file: string; readonly sha256: string }): Promise<Uint8Array> {
  const bytes = await readFile(join(folder, model.file));
  const got = sha256Of(bytes);
  if (got !== model.sha256)
    throw ApplicationFailure.nonRetryable(`${model.file}: expected sha256 ${model.sha256}, got ${got}`, 'HASH_MISMATCH');
  return bytes;
}

/**
 * Takes a model out of the registry, with its metrics (`trial` 0 stands for the run's own) and what it stored. Content is shared by runs
 * that came to the same bytes, so it goes only with its last model. Fine when there is no such model.
 */
export async function discardModel({ sql, artifacts }: ModelStores, id: string): Promise<void> {
  const model = await getModel(sql, id);
  await deleteModel(sql, id);
  await deleteMetrics(sql, id);
  const { model_uri, checkpoint_uri, curve_uri } = model?.metrics ?? {};
  for (const uri of [model_uri, checkpoint_uri, curve_uri]) {
    if (typeof uri === 'string' && !(await isArtifactUsed(sql, uri))) await artifacts.remove(uri);
  }
}
