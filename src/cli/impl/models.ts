import { getTrainedModel, listTrainedModels } from '../../client/models.ts';
import type { CliContext } from '../context.ts';
import type { IdFlags, LimitFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { table, type Row } from '../text/table.ts';
import { ago } from '../text/time-text.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `models list` */
export async function modelsList(this: CliContext, flags: LimitFlags): Promise<void> {
  const output = outputOf(this, flags);
  const models = await useCerebros(this, flags, (cerebros) => listTrainedModels(cerebros, flags.limit));
  const rows = models.map((model): Row => [model.id, accuracyOf(model.metrics), model.sha256.slice(0, 12), ago(model.created_at)]);
  output.data(models, () => (rows.length === 0 ? 'no models' : table([['ID', 'TEST ACCURACY', 'SHA-256', 'CREATED'], ...rows])));
}

/** `models show ID` */
export async function modelsShow(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  const output = outputOf(this, flags);
  const model = await useCerebros(this, flags, (cerebros) => getTrainedModel(cerebros, id));
  output.data(model, () =>
    table(Object.entries(model).map(([name, value]): Row => [name, typeof value === 'string' ? value : JSON.stringify(value)])),
  );
}

function accuracyOf(metrics: Readonly<Record<string, unknown>>): string {
  const accuracy = metrics['test_accuracy'];
  return typeof accuracy === 'number' ? accuracy.toFixed(4) : '-';
}
