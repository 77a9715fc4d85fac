import { createHash } from 'node:crypto';
import type { DriftReport } from '../../contracts/drift.ts';
import type { ProvisionedResource } from '../../contracts/cloud.ts';
import { approvalStep } from '../../contracts/provision-remove.ts';
import { CREATE_ORDER, specOf, type StackResource } from '../../contracts/provision-expand.ts';
import { stackSchema } from '../../contracts/provision-schema.ts';
import type { ProvisionStep } from '../../contracts/provision.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Cerebros } from '../connect.ts';
import { checkDrift } from '../drift.ts';
import { invalidInput } from '../errors.ts';
import { explainIssues } from '../explain-issues.ts';
import { asMeant } from './as-meant.ts';
import { changeSteps } from './change-steps.ts';
import { compareStack, type Change, type PlanIssue, type WantedResource } from './changes.ts';
import { listResources } from './resources.ts';

/** What an update of a stack would do. As JSON it can be kept, and applied later as long as the world is as it was. */
export interface StackPlan {
  readonly stack: string;
  /** What the stack is to be; null: as the ledger means it. */
  readonly resources: readonly StackResource[] | null;
  readonly changes: readonly Change[];
  /** While there are any, the plan is not carried out. */
  readonly issues: readonly PlanIssue[];
  readonly steps: readonly ProvisionStep[];
  /** Of the steps and all they rest on: equal plans have equal ones. */
  readonly fingerprint: string;
}

/** What of a plan is kept until it is applied; `changes` only to tell what has moved. */
export interface PlanOnFile extends Pick<StackPlan, 'stack' | 'fingerprint' | 'changes'> {
  readonly resources: readonly StackResource[];
}

/**
 * Plans what it takes to make a stack as written: the file against the ledger, and the ledger against what a worker sees at the
 * provider just now. Changes nothing there. Throws UserErrors: INVALID_INPUT (exit 2), and those of `checkDrift`.
 */
export async function planStack(cerebros: Cerebros, input: unknown): Promise<StackPlan & PlanOnFile> {
  const { stack, resources } = parseStack(input);
  const wanted = CREATE_ORDER.flatMap((types) => resources.filter(({ type }) => types.includes(type)));
  const seen = await look(cerebros, stack);
  const { changes, issues } = compareStack(
    stack,
    wanted.map(({ type, name, spec }): WantedResource => ({ type, name, spec: specOf({ type, spec }) })),
    seen,
  );
  return { ...planOf({ stack, resources, changes, issues, steps: changeSteps(stack, changes) }), resources };
}

/** The plan that `provision plan -o json` has written; undefined when it is something else. */
export function readPlan(value: unknown): PlanOnFile | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'fingerprint')) return undefined;
  const { stack, resources, fingerprint, changes } = value as Partial<StackPlan>;
  return { ...parseStack({ stack, resources }), fingerprint: String(fingerprint), changes: Array.isArray(changes) ? changes : [] };
}

/** Plans what it takes to make a stack again as the ledger means it, once people have agreed. */
export async function planRestore(cerebros: Cerebros, stack: string): Promise<StackPlan> {
  const seen = await look(cerebros, stack);
  const { changes, issues } = compareStack(stack, asMeant(stack, seen.rows), seen);
  const data = { stack, changes: changes.map(({ action, resource, reasons }) => ({ action, resource, reasons })) };
  const approve = approvalStep(stack, { approval_type: 'drift', data });
  return planOf({ stack, resources: null, changes, issues, steps: changes.length === 0 ? [] : changeSteps(stack, changes, [approve]) });
}

/** Checks a stack as users write it, `{stack, resources}`; `kind: provisioning` may stand beside. */
function parseStack(input: unknown): { readonly stack: string; readonly resources: readonly StackResource[] } {
  const parsed = stackSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalidInput(`the stack does not fit:\n${explainIssues(parsed.error, input)}`, 'see examples/provision-stack.yaml');
}

async function look(
  cerebros: Cerebros,
  stack: string,
): Promise<{ readonly rows: readonly ProvisionedResource[]; readonly reports: readonly DriftReport[] }> {
  const { resources: reports } = await checkDrift(cerebros, { stack });
  return { rows: await listResources(cerebros, stack), reports };
}

function planOf(plan: Omit<StackPlan, 'fingerprint'>): StackPlan {
  const fingerprint = createHash('sha256')
    .update(canonicalJson([plan.stack, plan.changes, plan.issues, plan.steps]))
    .digest('hex');
  return { ...plan, fingerprint };
}
