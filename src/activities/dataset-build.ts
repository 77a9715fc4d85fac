import { readFile, rm } from 'node:fs/promises';
import type {
  BatchStage,
  DatasetBuildActivities,
  DatasetBuildInput,
  DatasetBuildResult,
  StageCounts,
  StagesBefore,
} from '../contracts/dataset-build.ts';
import { buildPaths } from '../datasets/build-folder/paths.ts';
import { readSpec } from '../datasets/build-folder/spec.ts';
import { forgetFailures } from '../datasets/build-folder/stage-lines.ts';
import { createFetcher } from '../datasets/fetch/fetcher.ts';
import { checkedLabelMap, parseLabelMap, type LabelMap } from '../datasets/labels.ts';
import { prepareDataset } from '../datasets/publish/prepare.ts';
import { localCopy } from '../datasets/sources/local-copy.ts';
import { Roots } from '../datasets/sources/roots.ts';
import type { FetchToFile } from '../datasets/sources/source.ts';
import { deduplicate, readFindings } from '../datasets/stages/deduplicate.ts';
import { labelImages } from '../datasets/stages/label.ts';
import { publishRows } from '../datasets/stages/rows.ts';
import { asDataset } from './dataset-failure.ts';
import { publishDataset, unpublishDataset, type PublishStores } from './dataset-publish.ts';
import type { Jobs } from './jobs.ts';
import type { ServedSteps, StepContext } from './serve-steps.ts';

/** What the steps of a build are made of. */
export interface DatasetBuildDependencies extends PublishStores {
  readonly jobs: Jobs;
  /** Folders of this worker that builds may read. */
  readonly roots: readonly string[];
  /** Hosts that may be plain http and at private addresses. */
  readonly allow: readonly string[];
}

/** The steps of the kind `dataset-build` that are no jobs, and all undos, for the main queue. */
export function createDatasetBuildActivities(dependencies: DatasetBuildDependencies): ServedSteps<DatasetBuildActivities> {
  const folderOf = (build_id: string): string => dependencies.artifacts.runFolder(build_id);
  const inFolder = <T>(build_id: string, work: (folder: string) => Promise<T>): Promise<T> =>
    asDataset(folderOf(build_id), () => work(folderOf(build_id)));
  return {
    ...undos(dependencies),
    deduplicate: ({ build_id }, { signal }) => inFolder(build_id, async (folder) => deduplicate(folder, await readSpec(folder), signal)),
    labelImages: ({ build_id }, { signal }) => inFolder(build_id, (folder) => label(dependencies, folder, signal)),
    storeDataset: ({ build_id, stages }, step) => inFolder(build_id, () => store(dependencies, { build_id, stages }, step)),
    discardDataset: ({ build_id }, { signal }) =>
      inFolder(build_id, async (folder) => {
        const { dataset } = await readSpec(folder);
        await unpublishDataset(dependencies, dataset, { run_id: build_id, folder, signal });
        return removed(buildPaths(folder).prepared);
      }),
  };
}

type StageUndos = Pick<DatasetBuildActivities, 'discardDownload' | 'discardValidate' | 'discardDuplicates' | 'discardLabels'>;

/** Of what is in the folder of the build only. */
function undos({ artifacts, jobs }: DatasetBuildDependencies): ServedSteps<StageUndos> {
  const folderOf = (build_id: string): string => artifacts.runFolder(build_id);
  /** A stage that was terminated may still be closing. */
  const stopStage = (build_id: string, stage: BatchStage, { signal }: StepContext): Promise<void> =>
    jobs.cancel(`${build_id}.${stage}`, signal);
  return {
    discardDownload: async ({ build_id, why }, step) => {
      await stopStage(build_id, 'download', step);
      if (why !== 'recover') return removed(folderOf(build_id));
      await forgetFailures(folderOf(build_id), 'download');
      return null;
    },
    discardValidate: async ({ build_id }, step) => {
      await stopStage(build_id, 'validate', step);
      return removed(buildPaths(folderOf(build_id)).stage('validate'));
    },
    discardDuplicates: async ({ build_id }) => {
      const { deduplicate: duplicates, findings } = buildPaths(folderOf(build_id));
      return removed(duplicates, findings);
    },
    discardLabels: async ({ build_id }) => {
      const { label: labels, labelMap: map } = buildPaths(folderOf(build_id));
      return removed(labels, map);
    },
  };
}

async function removed(...paths: readonly string[]): Promise<null> {
  for (const path of paths) await rm(path, { recursive: true, force: true });
  return null;
}

async function label(dependencies: DatasetBuildDependencies, folder: string, signal: AbortSignal): Promise<StageCounts> {
  const spec = await readSpec(folder);
  return labelImages(folder, { spec, map: await labelMap(dependencies, { folder, spec, signal }) }, signal);
}

interface LabelMapPlace {
  readonly folder: string;
  readonly spec: DatasetBuildInput;
  readonly signal: AbortSignal;
}

async function labelMap(
  { roots, allow }: DatasetBuildDependencies,
  { folder, spec, signal }: LabelMapPlace,
): Promise<LabelMap | undefined> {
  const { map, map_path } = spec.label;
  if (map_path === undefined) return map && checkedLabelMap(map);
  const place = buildPaths(folder).labelMap;
  const fetcher = createFetcher({ allow, rules: spec.download });
  try {
    const fetchToFile: FetchToFile = (...call) => fetcher.fetchToFile(...call);
    const limits = { ...spec.download, max_source_bytes: LABEL_MAP_BYTES };
    // In a folder of its own, so that the step can be taken back with its map, which may have been corrected since.
    const context = { roots: await Roots.open(roots), folder: place, fetchToFile, limits, signal, onProgress: () => undefined };
    return parseLabelMap(await readFile(await localCopy(map_path, context), 'utf8'));
  } finally {
    fetcher.close();
  }
}

const LABEL_MAP_BYTES = 16 * 1024 * 1024;

interface ToStore {
  readonly build_id: string;
  readonly stages: StagesBefore;
}

async function store(
  dependencies: DatasetBuildDependencies,
  { build_id, stages }: ToStore,
  step: StepContext,
): Promise<DatasetBuildResult> {
  const { artifacts } = dependencies;
  const { signal } = step;
  const folder = artifacts.runFolder(build_id);
  const spec = await readSpec(folder);
  const rows = await publishRows(folder, spec, signal);
  const prepared = await prepareDataset({
    folder: buildPaths(folder).prepared,
    run_id: build_id,
    spec,
    rows,
    build: { stages, ...(await readFindings(folder)) },
    store: (sha256) => artifacts.pathOf(sha256),
    onProgress: (progress) => step.heartbeat({ ...progress }),
    signal,
  });
  const { version, dataset_id, created } = await publishDataset(dependencies, prepared, { run_id: build_id, folder, signal });
  await dropWorkFiles(folder);
  const { sha256, images, classes, counts } = prepared.published;
  const place = `datasets/${spec.dataset}/${version}`;
  return {
    dataset: spec.dataset,
    version,
    dataset_id,
    sha256,
    created,
    images,
    classes,
    splits: { train: counts.train.images, validation: counts.validation.images, test: counts.test.images },
    report: `${place}/report.html`,
    report_json: `${place}/report.json`,
    stages,
  };
}

/** What is published is in the store now; what was dropped is of no more use. The lists stay, as the record of each image. */
async function dropWorkFiles(folder: string): Promise<void> {
  const { blobs, fetched, labelMap: map } = buildPaths(folder);
  for (const path of [blobs, fetched, map]) await rm(path, { recursive: true, force: true });
}
