import { stackPrefix, type ProvisionedResource } from '../../src/contracts/cloud.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import { typesMade, type Cell } from './fault-cells.ts';

/** What there is, and what the ledger has of it. */
export interface Books {
  /** `type id` of all that there is, with its name; of a reserved IP and an attachment, the id of the droplet. */
  readonly truth: ReadonlyMap<string, string>;
  /** Of every state. */
  readonly rows: readonly ProvisionedResource[];
}

export function booksOf(cloud: Emulator, truth: readonly string[], rows: readonly ProvisionedResource[]): Books {
  const { droplets, volumes, snapshots, vpcs, firewalls, reserved_ips } = cloud.truth().resources;
  const named = [droplets, volumes, snapshots, vpcs, firewalls].flat().map(({ id, name }) => [String(id), name] as const);
  const names = new Map([...named, ...reserved_ips.map(({ ip, droplet_id }) => [ip, String(droplet_id)] as const)]);
  const nameOf = (id: string): string => names.get(id) ?? id.split(':')[1] ?? '';
  return { truth: new Map(truth.map((one) => [one, nameOf(one.split(' ')[1] ?? '')])), rows };
}

/** What the ledger does not have: `type id`. */
export function orphansOf({ truth, rows }: Books): string[] {
  const known = new Set(rows.filter(({ state }) => state !== 'deleted').map(keyOf));
  return [...truth.keys()].filter((one) => !known.has(one));
}

/** What is wrong with a cell after its run has closed; `ok` when nothing is. */
export function verdictOf({ type, phase, stack }: Cell, run: SagaRun | Error, books: Books): string {
  const mine = books.rows.filter(({ urn }) => urn.startsWith(stackPrefix(stack)));
  const orphans = orphansOf(books).filter((one) =>
    mine.some(({ name, provider_id }) => [name, provider_id].includes(books.truth.get(one) ?? '')),
  );
  if (orphans.length > 0) return `orphans: ${orphans.join(', ')}`;
  if (run instanceof Error) return run.message;
  const kept = mine.filter(({ state }) => state !== 'deleted');
  const expected = phase === 'create' ? { status: 'completed', resources: 1 } : { status: 'rolled_back', resources: 0 };
  const own = kept.filter((row) => row.type === type);
  const missing = kept.filter((row) => !books.truth.has(keyOf(row)));
  if (run.status !== expected.status) return `${run.status}: ${JSON.stringify(run.error)}`;
  if (own.length !== expected.resources) return `expected ${expected.resources} by the ledger, found ${own.length}`;
  if (missing.length > 0) return `not there: ${missing.map(keyOf).join(', ')}`;
  return kept.every(({ state }) => state === 'active') ? 'ok' : `states: ${kept.map(({ state }) => state).join(', ')}`;
}

/** What was made more or less often than once, by the emulator's own count since its start. */
export function miscounted(cells: readonly Cell[], cloud: Emulator, before: ReadonlyMap<string, number>): string[] {
  const made = countMade(cloud);
  const expected = new Map<string, number>();
  for (const type of cells.flatMap(typesMade)) expected.set(type, (expected.get(type) ?? 0) + 1);
  return [...expected].flatMap(([type, count]) => {
    const found = (made.get(type) ?? 0) - (before.get(type) ?? 0);
    return found === count ? [] : [`${type}: expected ${count} made, found ${found}`];
  });
}

/** Resources ever made, by type; an attachment is an action that was done. */
export function countMade(cloud: Emulator): Map<string, number> {
  const { created, actions } = cloud.truth();
  const attached = actions.filter(({ effect, status }) => effect.kind === 'attach' && status === 'completed').length;
  return new Map<string, number>([...Object.entries(created), ['attachment', attached]]);
}

function keyOf({ type, provider_id }: ProvisionedResource): string {
  return `${type} ${provider_id}`;
}
