import { datasetId, parseDatasetReference } from '../contracts/published-dataset.ts';
import { BUILT_IN_DATASETS } from '../contracts/training-catalogue.ts';
import { UserError } from '../contracts/user-error.ts';
import type { Sql } from '../ledger/connection.ts';
import { datasetBuilds } from '../ledger/queries/dataset-builds.ts';
import { datasetRows, type DatasetRow } from '../ledger/queries/dataset-rows.ts';
import { modelsOfDataset } from '../ledger/queries/models-of-dataset.ts';
import type { DatasetBuildRow } from '../ledger/queries/put-dataset-build.ts';
import { runsOnDataset, type RunOnDataset } from '../ledger/queries/runs-on-dataset.ts';
import { callLedger, type Cerebros } from './connect.ts';

/** A dataset that trainings can name. */
export interface DatasetListing {
  /** `name@version`, or the name of one that comes with Cerebros. */
  readonly dataset_id: string;
  readonly images: number;
  readonly classes: number;
  /** Null for those that come with Cerebros, as are the other fields. */
  readonly sha256: string | null;
  /** The run that published it. */
  readonly run_id: string | null;
  readonly created_at: string | null;
}

/** A dataset with what it came from and what came from it. */
export interface DatasetDetails extends DatasetListing {
  /** What it is called, of one that comes with Cerebros. */
  readonly title: string | null;
  /** `spec` is the input of its build, with its sources; `stats` what is in it. */
  readonly published: Omit<DatasetRow, 'id' | 'version'> | null;
  /** All versions of the name, newest first, at most 1,000. */
  readonly versions: readonly string[];
  /** The builds that came to this version, the one that published it among them. */
  readonly builds: readonly DatasetBuildRow[];
  /** Trainings and searches that were, or are, on it, newest first. */
  readonly runs: readonly RunOnDataset[];
  /** Models that were trained on it, newest first. */
  readonly models: readonly DatasetModel[];
}

/** A model, as a dataset names it. */
export interface DatasetModel {
  readonly id: string;
  readonly run_id: string | null;
  readonly sha256: string;
  readonly created_at: string;
}

/** Versions of datasets that were built, newest first, then what comes with Cerebros. Throws LEDGER_UNREACHABLE (exit 3). */
export async function listDatasets(cerebros: Cerebros, limit?: number): Promise<DatasetListing[]> {
  const rows = await callLedger(cerebros, (sql) => datasetRows(sql, { limit }));
  return [...rows.map(listingOf), ...BUILT_IN_DATASETS.map(builtInListing)];
}

/**
 * A dataset by `name@version`, or by its name: the newest version. Throws DATASET_NOT_FOUND (exit 4), INVALID_INPUT (2),
 * LEDGER_UNREACHABLE (3).
 */
export async function showDataset(cerebros: Cerebros, reference: string): Promise<DatasetDetails> {
  const { name, version } = parsed(reference);
  return callLedger(cerebros, async (sql) => {
    const builtIn = BUILT_IN_DATASETS.find(({ id }) => id === name && version === null);
    if (builtIn)
      return { ...builtInListing(builtIn), title: builtIn.title, published: null, versions: [], builds: [], ...(await usesOf(sql, name)) };
    const versions = await datasetRows(sql, { id: name, limit: 1000 });
    // Asked for by itself: there may be more versions than are listed.
    const [row] = version === null ? versions : await datasetRows(sql, { id: name, version });
    if (!row) throw notFound(reference, versions);
    const { id, version: found, ...published } = row;
    return {
      ...listingOf(row),
      title: null,
      published,
      versions: versions.map((one) => datasetId(one.id, one.version)),
      builds: await datasetBuilds(sql, id, found),
      ...(await usesOf(sql, datasetId(id, found))),
    };
  });
}

function listingOf({ id, version, stats, sha256, run_id, created_at }: DatasetRow): DatasetListing {
  const { images, classes } = stats;
  return {
    dataset_id: datasetId(id, version),
    images: typeof images === 'number' ? images : 0,
    classes: Array.isArray(classes) ? classes.length : 0,
    sha256,
    run_id,
    created_at,
  };
}

function builtInListing({ id, images, classes }: (typeof BUILT_IN_DATASETS)[number]): DatasetListing {
  return { dataset_id: id, images, classes, sha256: null, run_id: null, created_at: null };
}

async function usesOf(sql: Sql, id: string): Promise<Pick<DatasetDetails, 'runs' | 'models'>> {
  const [runs, models] = await Promise.all([runsOnDataset(sql, id), modelsOfDataset(sql, id)]);
  return { runs, models: models.map(({ id: model, run_id, sha256, created_at }) => ({ id: model, run_id, sha256, created_at })) };
}

function parsed(reference: string): { readonly name: string; readonly version: number | null } {
  const found = parseDatasetReference(reference);
  if (found) return found;
  throw new UserError('INVALID_INPUT', `dataset: expected NAME or NAME@VERSION, got ${JSON.stringify(reference)}`, {
    hint: 'cerebros datasets list',
    exitCode: 2,
  });
}

function notFound(reference: string, versions: readonly DatasetRow[]): UserError {
  const there =
    versions.length === 0
      ? 'none of that name'
      : versions
          .slice(0, 20)
          .map((row) => datasetId(row.id, row.version))
          .join(', ');
  return new UserError('DATASET_NOT_FOUND', `dataset ${reference}: expected one that exists, found ${there}`, {
    hint: 'cerebros datasets list',
    exitCode: 4,
  });
}
