import { resourceUrn } from '../../contracts/cloud.ts';
import { CREATE_ORDER, createStepOf, inLayers, withRefs, type StackType, type Unordered } from '../../contracts/provision-expand.ts';
import { removalLayers, stepOn } from '../../contracts/provision-remove.ts';
import type { ModuleName, ProvisionStep } from '../../contracts/provision.ts';
import type { Change } from './changes.ts';

/**
 * The steps of an update, `first` before them all: what is gone is forgotten, then all is made, then changed, and only at the end, since
 * a delete has no undo, removed.
 */
export function changeSteps(stack: string, changes: readonly Change[], first: readonly Unordered[] = []): ProvisionStep[] {
  const of = (...actions: readonly Change['action'][]): readonly Change[] => changes.filter(({ action }) => actions.includes(action));
  const existing = ({ resource }: Change): { urn: string; type: string } => ({ urn: urnOf(stack, resource), type: typeOf(resource) });
  const creates = CREATE_ORDER.map((types) =>
    of('create', 'again')
      .filter(({ resource }) => types.includes(typeOf(resource) as StackType))
      .map(({ resource, spec }) => createStepOf(typeOf(resource) as StackType, urnOf(stack, resource), spec ?? {})),
  );
  const gone = new Set(changes.filter(({ gone: is }) => is).map(({ resource }) => urnOf(stack, resource)));
  const layers = [
    first,
    ...removalLayers(of('again').map(existing)).map((layer) => layer.map((step) => guarded(step, gone))),
    ...creates,
    of('update').map((change) => updateStep(stack, change)),
    ...removalLayers(of('delete').map(existing)).map((layer) => layer.map((step) => guarded(step, gone))),
  ];
  return inLayers(layers, withRefs);
}

/** What is to be forgotten is not deleted when it is there after all. */
function guarded(step: Unordered, gone: ReadonlySet<string>): Unordered {
  return gone.has(step.urn) ? { ...step, params: { gone: true } } : step;
}

function updateStep(stack: string, { resource, spec, from_version }: Change): Unordered {
  const module = `update_${typeOf(resource)}` as ModuleName;
  return { ...stepOn(module, { urn: urnOf(stack, resource) }), params: { spec, from_version } };
}

function urnOf(stack: string, resource: string): string {
  const type = typeOf(resource);
  return resourceUrn({ stack, type, name: resource.slice(type.length + 1) });
}

function typeOf(resource: string): string {
  return resource.slice(0, resource.indexOf(':'));
}
