import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { PlanStep } from '../../src/contracts/plan.ts';
import { SAGA_MEMO, type SagaStart } from '../../src/contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes.ts';
import type { Script, ScriptedInput } from './scripted.ts';

/** The saga that faults are tried on: b and c run in parallel, everything else in a row. */
export const SIX = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type SixName = (typeof SIX)[number];

const NEEDS: Readonly<Record<SixName, readonly SixName[]>> = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['d'], f: ['e'] };

/** What one step is told, and what its plan says besides. */
export interface SixStep {
  readonly script?: Script;
  readonly plan?: Partial<PlanStep>;
}

/** Input of `scripted`: six steps, the named ones told something else than to succeed. Silent workers count as dead after a second. */
export function sixSteps(told: Partial<Record<SixName, SixStep>> = {}): ScriptedInput {
  const steps = SIX.map((name) => ({
    name,
    needs: NEEDS[name],
    heartbeat_ms: 1000,
    ...told[name]?.plan,
    script: told[name]?.script ?? {},
  }));
  return { steps };
}

/** Does `later` need `earlier`, directly or not? */
export function dependsOn(later: SixName, earlier: SixName): boolean {
  return NEEDS[later].some((need) => need === earlier || dependsOn(need, earlier));
}

/** Every pair of steps in which the first needs the second. */
export const ORDERED: readonly (readonly [SixName, SixName])[] = SIX.flatMap((later) =>
  SIX.filter((earlier) => dependsOn(later, earlier)).map((earlier) => [later, earlier] as const),
);

/** Where a run of the six steps is started. */
export interface SixPlace {
  readonly client: Client;
  readonly taskQueue: string;
}

/** How a run of the six steps is started, besides its input. */
export interface SixStart {
  readonly start?: SagaStart;
  /** Temporal ends the run after this, in ms. Default: never. */
  readonly run_timeout_ms?: number;
}

/** Starts the workflow `scripted`. A workflow task whose worker is gone goes to another after two seconds, not ten. Answers the run's id. */
export async function startSix({ client, taskQueue }: SixPlace, input: ScriptedInput, more: SixStart = {}): Promise<string> {
  const { start, run_timeout_ms } = more;
  const workflowId = `six-${randomBytes(6).toString('hex')}`;
  const plan = input.steps.map(({ script: _script, ...step }) => step);
  await client.workflow.start('scripted', {
    taskQueue,
    workflowId,
    workflowTaskTimeout: '2s',
    args: start ? [input, start] : [input],
    ...(run_timeout_ms === undefined ? {} : { workflowRunTimeout: run_timeout_ms }),
    memo: { [SAGA_MEMO]: { kind: 'scripted', plan } },
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.kind, value: 'scripted' }],
  });
  return workflowId;
}
