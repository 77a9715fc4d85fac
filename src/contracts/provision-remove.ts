import { resourceUrn } from './cloud.ts';
import { inLayers, nameOf, type Unordered } from './provision-expand.ts';
import type { ApprovalParams, ModuleName, ProvisionStep } from './provision.ts';

/** A resource that there is, by its row. */
export interface ExistingResource {
  readonly urn: string;
  readonly type: string;
}

/** How long people have to decide: a week. */
const APPROVAL_MS = 7 * 24 * 60 * 60_000;

/** The step in which people decide on what comes behind it; nobody deciding in time is a no. */
export function approvalStep(stack: string, { approval_type, data }: Pick<ApprovalParams, 'approval_type' | 'data'>): Unordered {
  const params = { approval_type, data, timeout_ms: APPROVAL_MS };
  return { name: 'approve', module: 'request_approval', urn: resourceUrn({ stack, type: 'stack', name: stack }), params };
}

/** The steps that remove what there is of a stack, once people have agreed: what holds others first, VPCs last. None when there is nothing. */
export function expandOffboarding(stack: string, resources: readonly ExistingResource[]): ProvisionStep[] {
  const data = { stack, removes: resources.map(({ urn }) => urn) };
  return resources.length === 0
    ? []
    : inLayers([[approvalStep(stack, { approval_type: 'offboarding', data })], ...removalLayers(resources)]);
}

/** The steps that remove resources, in layers: each holds nothing that a later one has. */
export function removalLayers(resources: readonly ExistingResource[]): Unordered[][] {
  const of = (...types: readonly string[]): readonly ExistingResource[] => resources.filter(({ type }) => types.includes(type));
  const remove = (one: ExistingResource): Unordered => stepOn(`delete_${one.type}` as ModuleName, one);
  return [
    of('reserved_ip', 'firewall').map(remove),
    of('attachment').map((one) => stepOn('detach_volume', one)),
    of('droplet').map(remove),
    of('volume', 'snapshot').map(remove),
    of('vpc').map(remove),
  ];
}

/** The steps that stop what costs most and keep the data: a snapshot of each volume, then the droplets off. `mark` names the snapshots. */
export function expandSuspension(stack: string, resources: readonly ExistingResource[], mark: string): ProvisionStep[] {
  const snapshot = (volume: ExistingResource): Unordered => {
    const urn = resourceUrn({ stack, type: 'snapshot', name: `${nameOf(volume.urn)}-${mark}` });
    return { ...stepOn('snapshot_volume', { urn }), params: { volume_urn: volume.urn } };
  };
  const off = (droplet: ExistingResource): Unordered => stepOn('power_off_droplet', droplet);
  const all = (type: string): readonly ExistingResource[] => resources.filter((one) => one.type === type);
  return inLayers([all('volume').map(snapshot), all('droplet').map(off)]);
}

/** A step on a resource, named after both. */
export function stepOn(module: ModuleName, { urn }: Pick<ExistingResource, 'urn'>): Unordered {
  return { name: `${module}.${nameOf(urn)}`, module, urn, params: {} };
}
