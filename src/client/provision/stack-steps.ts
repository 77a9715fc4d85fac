import type { ProvisionedResource } from '../../contracts/cloud.ts';
import { inLayers, refOf, type Unordered } from '../../contracts/provision-expand.ts';
import { expandOffboarding, expandSuspension, removalLayers, stepOn } from '../../contracts/provision-remove.ts';
import type { ModuleName, ProvisionInput, ProvisionStep } from '../../contracts/provision.ts';
import { UserError } from '../../contracts/user-error.ts';
import { specChangesOfSaga, type SpecChangeRow } from '../../ledger/queries/spec-changes-of-saga.ts';
import { callLedger, type Cerebros } from '../connect.ts';
import { refused } from '../errors.ts';
import { inputOfRun } from '../input-of-run.ts';
import type { StackRequest } from './complete-input.ts';
import { listResources } from './resources.ts';

/**
 * The steps that a suspension, an offboarding or a rollback leaves to the ledger. A run that has the id already keeps its steps, so that
 * the same start returns it. Throws STACK_NOT_FOUND (exit 4) when there is nothing to do, and REFUSED (5) for a run that cannot be rolled back.
 */
export async function stackSteps(cerebros: Cerebros, request: StackRequest, id: string | undefined): Promise<readonly ProvisionStep[]> {
  const begun = id === undefined ? undefined : ((await inputOfRun(cerebros, id)) as unknown as Partial<ProvisionInput> | undefined);
  if (begun?.steps && begun.kind === request.kind && begun.stack === request.stack) return begun.steps;
  const rows = await listResources(cerebros, request.stack);
  const steps = await stepsFor(cerebros, request, rows);
  if (steps.length > 0) return steps;
  const of = request.kind === 'rollback' ? ` that run ${request.saga_id} has made or changed` : '';
  throw new UserError('STACK_NOT_FOUND', `stack ${request.stack}: expected resources in the ledger${of}, found none that is not deleted`, {
    hint: 'cerebros list --kind provision',
    exitCode: 4,
  });
}

async function stepsFor(
  cerebros: Cerebros,
  request: StackRequest,
  rows: readonly ProvisionedResource[],
): Promise<readonly ProvisionStep[]> {
  if (request.kind === 'rollback') return rollbackSteps(cerebros, request, rows);
  const { kind, stack } = request;
  return kind === 'offboarding' ? expandOffboarding(stack, rows) : expandSuspension(stack, rows, markOf(rows));
}

/** What a run has changed is meant as before, and what it has made is removed. */
async function rollbackSteps(
  cerebros: Cerebros,
  { saga_id }: { readonly saga_id: string },
  rows: readonly ProvisionedResource[],
): Promise<ProvisionStep[]> {
  const run = (await inputOfRun(cerebros, saga_id)) as unknown as Partial<ProvisionInput> | undefined;
  const deleted = run?.steps?.filter(({ module }) => /^(delete|detach)_/.test(module)).map(({ urn }) => refOf(urn)) ?? [];
  if (deleted.length > 0) {
    const message = `run ${saga_id} has deleted ${deleted.join(', ')}: expected one that has only made and changed resources, since others may name what is gone`;
    throw refused(message, 'cerebros provision plan --input FILE   (with the stack as it was: what is gone is made anew)');
  }
  const changes = await callLedger(cerebros, (sql) => specChangesOfSaga(sql, saga_id));
  const kept = rows.filter((row) => row.saga_id !== saga_id);
  const updates = [...new Set(changes.map(({ urn }) => urn))]
    .filter((urn) => kept.some((row) => row.urn === urn))
    .map((urn) => backStep(changes.filter((change) => change.urn === urn)));
  return inLayers([updates, ...removalLayers(rows.filter((row) => row.saga_id === saga_id))]);
}

/** The step that means a resource as it was before all the changes of a run, the latest of which is the first. */
function backStep(changes: readonly SpecChangeRow[]): Unordered {
  const [last, first] = [changes.at(0), changes.at(-1)];
  if (!last || !first) throw new Error('expected a change to take back, got none');
  const params = { spec: first.desired_spec, from_version: last.spec_version + 1 };
  return { ...stepOn(`update_${first.type}` as ModuleName, first), params };
}

/** A number that no snapshot of the stack has. */
function markOf(rows: readonly ProvisionedResource[]): string {
  const marks = rows.filter(({ type }) => type === 'snapshot').map(({ urn }) => Number(/-(\d+)$/.exec(urn)?.[1] ?? 0));
  return String(Math.max(0, ...marks) + 1);
}
