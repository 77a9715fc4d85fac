import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { DriftReport, FieldDiff } from '../../contracts/drift.ts';
import type { Json } from '../../contracts/ledger.ts';
import { CHANGEABLE, type ResourceBefore } from '../../contracts/provision.ts';
import { asRef, refOf } from '../../contracts/provision-expand.ts';
import { canonicalJson } from '../canonical-json.ts';

/** A resource as it is to be: with `{ref}` where the id of another one stands. */
export interface WantedResource {
  readonly type: string;
  readonly name: string;
  readonly spec: { readonly [field: string]: Json };
}

/** One thing that a plan does. `again`: what was deleted outside, or can only be changed so, is made anew. */
export interface Change {
  readonly action: 'create' | 'again' | 'update' | 'delete';
  /** `type:name`. */
  readonly resource: string;
  readonly reasons: readonly string[];
  /** From what it is to what it will be, field by field. */
  readonly diff: readonly FieldDiff[];
  /** Of a create, an update, or one made again: what it will be, its refs left where what they name is made on the way. */
  readonly spec: { readonly [field: string]: Json } | null;
  /** How it is meant so far; null when it is not there. */
  readonly before: ResourceBefore | null;
}

/** What keeps a plan from being carried out. */
export interface PlanIssue {
  readonly resource: string;
  readonly message: string;
}

export interface Compared {
  readonly changes: readonly Change[];
  readonly issues: readonly PlanIssue[];
}

interface World {
  readonly stack: string;
  readonly rows: ReadonlyMap<string, ProvisionedResource>;
  readonly reports: ReadonlyMap<string, DriftReport>;
  /** What gets a new id on the way. */
  readonly made: Set<string>;
}

/**
 * What it takes to make a stack as wanted, from what the ledger means (`rows`) and what was seen (`reports`). `wanted` comes in an order
 * in which refs only name what is before them. What is not wanted is deleted, but for snapshots, which are no part of a stack.
 */
export function compareStack(
  stack: string,
  wanted: readonly WantedResource[],
  seen: { readonly rows: readonly ProvisionedResource[]; readonly reports: readonly DriftReport[] },
): Compared {
  const world: World = {
    stack,
    rows: new Map(seen.rows.map((row) => [refOf(row.urn), row])),
    reports: new Map(seen.reports.map((report) => [report.resource, report])),
    made: new Set(),
  };
  const kept = new Set(wanted.map(({ type, name }) => `${type}:${name}`));
  const found = [
    ...wanted.map((one) => compareOne(world, one)),
    ...seen.rows.filter(({ urn }) => !kept.has(refOf(urn))).map((row) => removalOf(world, row)),
  ];
  return {
    changes: found.filter((one) => one !== undefined && 'action' in one),
    issues: found.filter((one) => one !== undefined && 'message' in one),
  };
}

function compareOne(world: World, { type, name, spec }: WantedResource): Change | PlanIssue | undefined {
  const resource = `${type}:${name}`;
  const row = world.rows.get(resource);
  if (!row) return made(world, { action: 'create', resource, spec: resolved(world, spec), reasons: ['is not there yet'] });
  const blocked = blockedBy(world, row);
  if (blocked !== undefined) return { resource, message: blocked };
  const report = world.reports.get(row.urn);
  const target = resolved(world, spec);
  if (report?.verdict === 'missing') {
    return made(world, {
      action: 'again',
      resource,
      spec: target,
      before: beforeOf(row, true),
      reasons: ['is gone: it was deleted outside'],
    });
  }
  const changed = specDiffs(row.desired_spec as WantedResource['spec'], target);
  if (type === 'attachment' && changed.length > 0) {
    return made(world, {
      action: 'again',
      resource,
      spec: target,
      before: beforeOf(row, false),
      reasons: ['is attached otherwise'],
      diff: changed,
    });
  }
  return updateOf({ row, target, changed, drifted: report?.diff ?? [] });
}

function made({ made: ids }: World, change: Pick<Change, 'action' | 'resource' | 'spec' | 'reasons'> & Partial<Change>): Change {
  ids.add(change.resource);
  return { diff: [], before: null, ...change };
}

function beforeOf({ provider_id, spec_version, desired_spec, saga_id }: ProvisionedResource, gone: boolean): ResourceBefore {
  return { provider_id: provider_id ?? '', spec_version, desired_spec, saga_id, gone };
}

/** Why nothing can be planned for what is in the ledger. */
function blockedBy({ reports }: World, { urn, state, saga_id, problem }: ProvisionedResource): string | undefined {
  if (state !== 'active') {
    const why = problem === null ? '' : `: ${problem}`;
    return `is ${state}${why}; expected it to be active: see cerebros show ${saga_id ?? 'ID'}, or wait until what is left over is resolved`;
  }
  const report = reports.get(urn);
  if (report && report.verdict !== 'unknown') return undefined;
  return `could not be seen${report?.reason ? ` (${report.reason})` : ''}: expected to know how it is; plan again`;
}

interface Update {
  readonly row: ProvisionedResource;
  readonly target: WantedResource['spec'];
  /** What the spec says otherwise than before. */
  readonly changed: readonly FieldDiff[];
  /** What is otherwise than the spec said so far. */
  readonly drifted: readonly FieldDiff[];
}

function updateOf({ row, target, changed, drifted }: Update): Change | PlanIssue | undefined {
  const resource = refOf(row.urn);
  const changeable: readonly string[] = CHANGEABLE[row.type as keyof typeof CHANGEABLE] ?? [];
  const seen = (one: FieldDiff): FieldDiff => ({ ...one, actual: drifted.find(({ field }) => field === one.field)?.actual ?? one.actual });
  const diff = [...changed.map(seen), ...drifted.filter(({ field }) => !changed.some((one) => one.field === field))];
  const fixed = diff.filter(({ field }) => !changeable.includes(field)).map(({ field }) => field);
  if (fixed.length > 0) {
    const cure = 'give the resource another name, so that a new one is made and this one removed';
    return { resource, message: `${fixed.join(', ')} cannot be changed while it is there; expected it as it is: ${cure}` };
  }
  const smaller = diff.find(({ field, desired, actual }) => field === 'size_gigabytes' && Number(desired) < Number(actual));
  if (smaller)
    return {
      resource,
      message: `has ${JSON.stringify(smaller.actual)} GB, expected ${JSON.stringify(smaller.desired)}: a volume cannot be made smaller; write what it has`,
    };
  if (diff.length === 0) return undefined;
  const reasons = [
    ...changed.map(({ field }) => `${field}: the stack says otherwise`),
    ...drifted.map(({ field }) => `${field}: was changed outside`),
  ];
  return { action: 'update', resource, reasons, diff, spec: target, before: beforeOf(row, false) };
}

function removalOf(world: World, row: ProvisionedResource): Change | PlanIssue | undefined {
  const resource = refOf(row.urn);
  const gone = world.reports.get(row.urn)?.verdict === 'missing';
  if (row.type === 'snapshot' && !gone) return undefined;
  const blocked = gone ? undefined : blockedBy(world, row);
  if (blocked !== undefined) return { resource, message: blocked };
  const reasons = [gone ? 'is gone: it was deleted outside, and is forgotten' : 'is no part of the stack any more'];
  return { action: 'delete', resource, reasons, diff: [], spec: null, before: beforeOf(row, gone) };
}

/** Fields in which two specs differ; `actual` is what was meant before. */
function specDiffs(before: WantedResource['spec'], after: WantedResource['spec']): FieldDiff[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return fields
    .map((field) => ({ field, desired: after[field] ?? null, actual: before[field] ?? null }))
    .filter(({ desired, actual }) => canonicalJson(desired) !== canonicalJson(actual));
}

function resolved(world: World, spec: WantedResource['spec']): WantedResource['spec'] {
  return Object.fromEntries(Object.entries(spec).map(([field, value]) => [field, withIds(world, value)]));
}

/** With the ids of what is there and stays. */
function withIds(world: World, value: Json): Json {
  const ref = asRef(value);
  if (ref !== undefined) {
    const id = world.made.has(ref) ? undefined : world.rows.get(ref)?.provider_id;
    if (id === undefined || id === null) return value;
    return ref.startsWith('droplet:') ? Number(id) : id;
  }
  if (Array.isArray(value)) return value.map((one: Json) => withIds(world, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withIds(world, one)]));
}
