import { listDatasets, showDataset, type DatasetDetails } from '../../client/datasets.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { LimitFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { table, type Row } from '../text/table.ts';
import { ago } from '../text/time-text.ts';
import { useCerebros } from '../use-cerebros.ts';

/** Lines of a section that the text shows; `-o json` has all. */
const SHOWN = 20;

/** `datasets list` */
export async function datasetsList(this: CliContext, flags: LimitFlags): Promise<void> {
  const output = outputOf(this, flags);
  const datasets = await useCerebros(this, flags, (cerebros) => listDatasets(cerebros, flags.limit));
  const rows = datasets.map(({ dataset_id, images, classes, sha256, run_id, created_at }): Row => {
    const made = created_at === null ? 'comes with cerebros' : ago(created_at);
    return [dataset_id, String(images), String(classes), sha256?.slice(0, 12) ?? '-', made, run_id ?? '-'];
  });
  output.data(datasets, () => table([['DATASET', 'IMAGES', 'CLASSES', 'SHA-256', 'CREATED', 'RUN'], ...rows]));
}

/** `datasets show NAME[@VERSION]` */
export async function datasetsShow(this: CliContext, flags: GlobalFlags, reference: string): Promise<void> {
  const output = outputOf(this, flags);
  const details = await useCerebros(this, flags, (cerebros) => showDataset(cerebros, reference));
  output.data(details, () => detailsText(details));
  output.note(`train on it with dataset_name: ${details.dataset_id} in the input of a training-run`);
}

function detailsText({ published, versions, builds, runs, models, title, ...listing }: DatasetDetails): string {
  const fields = Object.entries({ ...listing, title, ...published }).filter(([, value]) => value !== null);
  const facts = table(fields.map(([name, value]): Row => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
  return [
    facts,
    section(
      'versions',
      versions.map((version): Row => [version]),
    ),
    section(
      'builds',
      builds.map(({ run_id, built_at }): Row => [run_id, ago(built_at)]),
    ),
    section(
      'runs',
      runs.map(({ id, kind, status, created_at }): Row => [id, kind, status, ago(created_at)]),
    ),
    section(
      'models',
      models.map(({ id, sha256, created_at }): Row => [id, sha256.slice(0, 12), ago(created_at)]),
    ),
  ].join('');
}

function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const more = rows.length > SHOWN ? `\nand ${rows.length - SHOWN} more` : '';
  return `\n\n${title}\n${table(rows.slice(0, SHOWN))}${more}`;
}
