import { resourceUrn } from '../../src/contracts/cloud.ts';
import type { ModuleName } from '../../src/contracts/provision.ts';
import type { FaultScript } from '../../src/cloud/emulator/fault-script.ts';

/** Types of resources that a saga makes and takes back. */
export const CELL_TYPES = ['vpc', 'droplet', 'volume', 'firewall', 'reserved_ip', 'attachment', 'snapshot'] as const;
export type CellType = (typeof CELL_TYPES)[number];

/** `delete`: during the undo of a run that fails at its last step. */
export const CELL_PHASES = ['create', 'delete'] as const;
export type CellPhase = (typeof CELL_PHASES)[number];

/** What happens to the one request that makes or deletes the resource: to its answer, or to the others while it is held. */
export const CELL_FAULTS = {
  '429': 'answer',
  '500 before': 'answer',
  '500 after': 'answer',
  'timeout after': 'answer',
  'reset after': 'answer',
  malformed: 'answer',
  'kill before': 'kill',
  'kill after': 'kill',
  'outage before': 'outage',
  'outage after': 'outage',
} as const;
export type CellFault = keyof typeof CELL_FAULTS;

/** One resource under one fault, in a stack of its own. */
export interface Cell {
  readonly type: CellType;
  readonly phase: CellPhase;
  readonly fault: CellFault;
  /** Its stack, and the id of its run. */
  readonly stack: string;
}

/** How the faults of a cell happen. */
export type Means = (typeof CELL_FAULTS)[CellFault];

/** Every type, made or deleted, under each fault that happens so. */
export function cellsOf(how: Means, phases: readonly CellPhase[] = CELL_PHASES): Cell[] {
  const faults = (Object.keys(CELL_FAULTS) as CellFault[]).filter((fault) => CELL_FAULTS[fault] === how);
  return phases.flatMap((phase) =>
    CELL_TYPES.flatMap((type) => faults.map((fault) => ({ type, phase, fault, stack: `${phase}-${type}-${fault}`.replaceAll(' ', '-') }))),
  );
}

/** What a cell makes, the resource under the fault last. */
export function typesMade({ type }: Cell): readonly CellType[] {
  return [...BENEATH[type], type];
}

const BENEATH: Readonly<Record<CellType, readonly CellType[]>> = {
  vpc: [],
  droplet: [],
  volume: [],
  firewall: [],
  reserved_ip: ['droplet'],
  attachment: ['droplet', 'volume'],
  snapshot: ['volume'],
};

/** The stack of what a cell needs, made before; null where it needs nothing. */
export function baseOf({ type, stack }: Cell): object | null {
  const resources = BENEATH[type].map((made) => ({ type: made, name: 'x', spec: SPECS[made]({}) }));
  return resources.length === 0 ? null : { kind: 'provisioning', stack, resources };
}

/** Ids of what a cell needs, by type. */
export type BaseIds = Partial<Readonly<Record<string, string>>>;

/** What its run is started with: one step that makes the resource, and one that fails where it is to be taken back. */
export function inputOf({ type, phase, stack }: Cell, ids: BaseIds): object {
  const urn = (name: string, of: CellType = type): string => resourceUrn({ stack, type: of, name });
  const params = type === 'snapshot' ? { volume_urn: urn('x', 'volume') } : { spec: SPECS[type](ids) };
  const make = { name: 'make', module: MAKERS[type], urn: urn('made'), params, needs: [] };
  const doomed = { name: 'doomed', module: 'create_reserved_ip', urn: urn('doomed', 'reserved_ip'), params: NOBODYS, needs: ['make'] };
  return { kind: 'provisioning', stack, steps: phase === 'create' ? [make] : [make, doomed] };
}

const MAKERS: Readonly<Record<CellType, ModuleName>> = {
  vpc: 'create_vpc',
  droplet: 'create_droplet',
  volume: 'create_volume',
  firewall: 'create_firewall',
  reserved_ip: 'create_reserved_ip',
  attachment: 'attach_volume',
  snapshot: 'snapshot_volume',
};

/** A reserved IP for a droplet that there is not. */
const NOBODYS = { spec: { droplet_id: 1 } };

const SPECS: Readonly<Record<CellType, (ids: BaseIds) => object>> = {
  vpc: () => ({ region: 'fra1' }),
  droplet: () => ({ region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' }),
  volume: () => ({ region: 'fra1', size_gigabytes: 1 }),
  firewall: () => ({ inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }] }),
  reserved_ip: ({ droplet }) => ({ droplet_id: Number(droplet) }),
  attachment: ({ volume = '', droplet }) => ({ volume_id: volume, droplet_id: Number(droplet) }),
  snapshot: () => ({}),
};

/** A request of the API, as far as it tells what it is about. */
export interface CellRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** Whether a request of the cell's stack is the one that its fault is meant for. */
export function isTarget({ type, phase }: Cell, { method, path, body }: CellRequest): boolean {
  if (type === 'attachment') return VOLUME_ACTION.test(path) && body.includes(phase === 'create' ? '"attach"' : '"detach"');
  const under = phase === 'create' && type === 'snapshot' ? /^\/v2\/volumes\/[^/]+\/snapshots$/ : new RegExp(`^/v2/${type}s(/[^/]+)?$`);
  return method === (phase === 'create' ? 'POST' : 'DELETE') && under.test(path);
}

const VOLUME_ACTION = /^\/v2\/volumes\/[^/]+\/actions$/;

type Script = Omit<FaultScript, 'match'>;

/** What the emulator does to that request; null where it is held before it is looked at. */
export function scriptOf({ type, phase, fault }: Cell): Script | null {
  // An accepted DELETE has no body that could be malformed.
  const bodyless = phase === 'delete' && type !== 'attachment';
  return fault === 'malformed' && bodyless ? { fault: 'html_200' } : SCRIPTS[fault];
}

const SCRIPTS: Readonly<Record<CellFault, Script | null>> = {
  '429': { fault: '429', retry_after: 1 },
  '500 before': { fault: '500_before' },
  '500 after': { fault: '500_after' },
  'timeout after': { fault: 'timeout_after' },
  'reset after': { fault: 'reset_after' },
  malformed: { fault: 'malformed' },
  'kill before': null,
  'kill after': { fault: 'slow' },
  'outage before': null,
  'outage after': { fault: 'slow' },
};
