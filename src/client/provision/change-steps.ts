import { resourceUrn } from '../../contracts/cloud.ts';
import { CREATE_ORDER, createStepOf, inLayers, withRefs, type StackType, type Unordered } from '../../contracts/provision-expand.ts';
import { removalLayers, stepOn } from '../../contracts/provision-remove.ts';
import type { ModuleName, ProvisionStep } from '../../contracts/provision.ts';
import type { Change } from './changes.ts';

/**
 * The steps of an update, `first` before them all: what is gone is forgotten and what is to be attached elsewhere detached, then all is
 * made, then changed, and only at the end, since what is deleted does not come back, removed.
 */
export function changeSteps(stack: string, changes: readonly Change[], first: readonly Unordered[] = []): ProvisionStep[] {
  const isFreeing = ({ action, resource }: Change): boolean =>
    action === 'again' || (action === 'delete' && typeOf(resource) === 'attachment');
  const layers = [
    first,
    ...removals(stack, changes.filter(isFreeing)),
    ...creates(stack, changes),
    changes.filter(({ action }) => action === 'update').map((change) => updateStep(stack, change)),
    ...removals(
      stack,
      changes.filter((change) => change.action === 'delete' && !isFreeing(change)),
    ),
  ];
  return inLayers(layers, withRefs);
}

/** Each step says what it deletes, so that it deletes nothing else. */
function removals(stack: string, changes: readonly Change[]): Unordered[][] {
  const before = new Map(changes.map((change) => [urnOf(stack, change.resource), change.before]));
  const existing = changes.map(({ resource }) => ({ urn: urnOf(stack, resource), type: typeOf(resource) }));
  return removalLayers(existing).map((layer) => layer.map((step) => ({ ...step, params: { before: { ...before.get(step.urn) } } })));
}

function creates(stack: string, changes: readonly Change[]): Unordered[][] {
  const made = changes.filter(({ action }) => action === 'create' || action === 'again');
  return CREATE_ORDER.map((types) =>
    made
      .filter(({ resource }) => types.includes(typeOf(resource) as StackType))
      .map(({ resource, spec }) => createStepOf(typeOf(resource) as StackType, urnOf(stack, resource), spec ?? {})),
  );
}

function updateStep(stack: string, { resource, spec, before, diff }: Change): Unordered {
  const module = `update_${typeOf(resource)}` as ModuleName;
  const params = { spec, from_version: before?.spec_version ?? null, fields: diff.map(({ field }) => field) };
  return { ...stepOn(module, { urn: urnOf(stack, resource) }), params };
}

function urnOf(stack: string, resource: string): string {
  const type = typeOf(resource);
  return resourceUrn({ stack, type, name: resource.slice(type.length + 1) });
}

function typeOf(resource: string): string {
  return resource.slice(0, resource.indexOf(':'));
}
