import { UserError } from '../contracts/user-error.ts';
import { getModel } from '../ledger/queries/get-model.ts';
import { listModels } from '../ledger/queries/list-models.ts';
import type { ModelRow } from '../ledger/queries/put-model.ts';
import { callLedger, type Cerebros } from './connect.ts';

/** Trained models, newest first. Throws LEDGER_UNREACHABLE (exit 3). */
export function listTrainedModels(cerebros: Cerebros, limit?: number): Promise<ModelRow[]> {
  return callLedger(cerebros, (sql) => listModels(sql, limit === undefined ? {} : { limit }));
}

/** One trained model. Throws MODEL_NOT_FOUND (exit 4), LEDGER_UNREACHABLE (3). */
export async function getTrainedModel(cerebros: Cerebros, id: string): Promise<ModelRow> {
  const model = await callLedger(cerebros, (sql) => getModel(sql, id));
  if (model) return model;
  throw new UserError('MODEL_NOT_FOUND', `model ${id}: expected a model that exists, found none`, {
    hint: 'cerebros models list',
    exitCode: 4,
  });
}
