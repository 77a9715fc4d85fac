import { join } from 'node:path';
import type { BatchStage } from '../../contracts/dataset-build.ts';

/** Where everything is in the folder of a build. */
export interface BuildPaths {
  /** `DatasetBuildInput`. */
  readonly spec: string;
  /** One `DatasetItem` a line. */
  readonly items: string;
  /** `ItemsIndex`; there once `items` is whole. */
  readonly index: string;
  /** What was fetched while sources were listed. */
  readonly fetched: string;
  readonly blobs: string;
  readonly deduplicate: string;
  /** What else `deduplicate` found: for the report. */
  readonly findings: string;
  readonly label: string;
  /** The folder of the label map that was fetched. */
  readonly labelMap: string;
  /** The version that is being prepared. */
  readonly prepared: string;
  stage(stage: BatchStage): string;
  /** A batch that is done: complete, sorted by `n`. */
  batch(stage: BatchStage, batch: number): string;
  /** A batch under way: lines as they come. */
  part(stage: BatchStage, batch: number): string;
}

/** The paths of a build; makes nothing. `folder` is the build's own, shared by all workers. */
export function buildPaths(folder: string): BuildPaths {
  const name = (batch: number) => `b${String(batch).padStart(5, '0')}`;
  return {
    spec: join(folder, 'build.json'),
    items: join(folder, 'items.jsonl'),
    index: join(folder, 'items.index.json'),
    fetched: join(folder, 'fetched'),
    blobs: join(folder, 'blobs'),
    deduplicate: join(folder, 'deduplicate.jsonl'),
    findings: join(folder, 'findings.json'),
    prepared: join(folder, 'prepared'),
    label: join(folder, 'label.jsonl'),
    labelMap: join(folder, 'label-map'),
    stage: (stage) => join(folder, stage),
    batch: (stage, batch) => join(folder, stage, `${name(batch)}.jsonl`),
    part: (stage, batch) => join(folder, stage, `${name(batch)}.part`),
  };
}
