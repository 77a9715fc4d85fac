import type { z } from 'zod';
import { BLUEPRINT, blueprintPlan } from './blueprint.ts';
import { blueprintInputSchema, type GivenBlueprintInput } from './blueprint-schema.ts';
import { DATASET_BUILD, datasetBuildPlan, type DatasetBuildInput } from './dataset-build.ts';
import { datasetBuildInputSchema } from './dataset-build-schema.ts';
import { JOB, jobPlan, type JobInput } from './job.ts';
import { jobInputSchema } from './job-schema.ts';
import type { Plan } from './plan.ts';
import { NAS_SEARCH, nasSearchPlan, type NasSearchInput } from './nas-search.ts';
import { nasSearchInputSchema } from './nas-search-schema.ts';
import { PROOF, proofPlan, type ProofInput } from './proof.ts';
import { proofInputSchema } from './proof-schema.ts';
import { PROVISION, provisionPlan, type ProvisionInput } from './provision.ts';
import { provisionInputSchema } from './provision-schema.ts';
import { TRAINING_RUN, trainingRunPlan, type TrainingRunInput } from './training-run.ts';
import { trainingRunInputSchema } from './training-run-schema.ts';
import type { OnFailure } from './saga-start.ts';

/** A kind of saga, as commands know it: how its input is checked and what it will run, without running anything. */
export interface Kind<I = unknown> {
  readonly kind: string;
  readonly workflow_type: string;
  readonly schema: z.ZodType<I>;
  plan(input: I): Plan;
  /** Fields that name a JSON or YAML file, each with the field that takes its content when the run is started. */
  readonly files?: { readonly [field: string]: string };
  /** What a run does at a final failure unless its start says otherwise. Default `undo`. */
  readonly on_failure?: OnFailure;
  /** One line for lists, at most 200 bytes. */
  summary(input: I): string;
}

const proof: Kind<ProofInput> = {
  kind: PROOF,
  workflow_type: 'proof',
  schema: proofInputSchema,
  plan: proofPlan,
  summary: (input) => `proof: ${input.steps.length} steps`,
};

const trainingRun: Kind<TrainingRunInput> = {
  kind: TRAINING_RUN,
  workflow_type: 'trainingRun',
  schema: trainingRunInputSchema,
  files: { config_path: 'config' },
  plan: () => trainingRunPlan,
  summary: ({ model_name, dataset_name, seed }) => `training-run: ${model_name} on ${dataset_name}, seed ${seed}`,
};

const nasSearch: Kind<NasSearchInput> = {
  kind: NAS_SEARCH,
  workflow_type: 'nasSearch',
  schema: nasSearchInputSchema,
  plan: () => nasSearchPlan,
  summary: ({ dataset_id, budget, sampler, seed }) =>
    `nas-search: ${budget.max_trials} trials on ${dataset_id}, ${sampler.name}, seed ${seed}`,
};

const blueprint: Kind<GivenBlueprintInput> = {
  kind: BLUEPRINT,
  workflow_type: 'blueprint',
  schema: blueprintInputSchema,
  plan: blueprintPlan,
  summary: ({ blueprint: { name, version, steps } }) => `blueprint: ${name}@${version}, ${steps.length} steps`,
};

const datasetBuild: Kind<DatasetBuildInput> = {
  kind: DATASET_BUILD,
  workflow_type: 'datasetBuild',
  schema: datasetBuildInputSchema,
  plan: () => datasetBuildPlan,
  on_failure: 'halt',
  summary: ({ dataset, sources }) => `dataset-build: ${dataset} from ${sources.length} sources`,
};

const job: Kind<JobInput> = {
  kind: JOB,
  workflow_type: 'job',
  schema: jobInputSchema,
  plan: jobPlan,
  on_failure: 'halt',
  summary: ({ definition: { name, steps } }) => `job: ${name}, ${steps.length} steps`,
};

const provision: Kind<ProvisionInput> = {
  kind: PROVISION,
  workflow_type: 'provision',
  schema: provisionInputSchema,
  plan: provisionPlan,
  on_failure: 'undo',
  summary: ({ kind, stack, steps }) => `provision: ${kind} of ${stack}, ${steps.length} steps`,
};

/** Every kind of this release, by its name in commands. */
export const KINDS: Readonly<Record<string, Kind>> = {
  [PROOF]: proof,
  [TRAINING_RUN]: trainingRun,
  [NAS_SEARCH]: nasSearch,
  [BLUEPRINT]: blueprint,
  [DATASET_BUILD]: datasetBuild,
  [JOB]: job,
  [PROVISION]: provision,
};
