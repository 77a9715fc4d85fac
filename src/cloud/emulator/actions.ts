import { regionView } from './catalogue.ts';
import type { Answer, Call } from './call.ts';
import { param } from './call.ts';
import { pageOf } from './pages.ts';
import { notFound, unprocessable } from './problem.ts';
import type { ActionRecord, Effect, State } from './state.ts';
import { isoTime, nextId } from './world.ts';

export interface ActionStart {
  readonly type: string;
  readonly resource_type: string;
  readonly resource_id: number | null;
  readonly region: string;
  /** URNs; the first is what the action acts on. */
  readonly locks: readonly string[];
  readonly effect: Effect;
  /** The usual time of an action by default. */
  readonly durationMs?: number;
}

/** Accepts an action. Refuses it with 422 while something that it would lock is locked by another. */
export function startAction(call: Call, start: ActionStart): ActionRecord {
  const { state, delays } = call.world;
  for (const urn of start.locks) refuseLocked(state, urn);
  const { durationMs = delays.action_ms, locks, ...rest } = start;
  const action: ActionRecord = {
    ...rest,
    id: nextId(state),
    status: 'in-progress',
    fate: call.fate,
    started_at: call.now,
    due_at: call.now + durationMs,
    completed_at: null,
    locks: [...locks],
  };
  state.actions.push(action);
  return action;
}

/** Throws a 422 while an action on the resource is in progress. */
export function refuseLocked(state: State, urn: string): void {
  if (isLocked(state, urn)) throw unprocessable(`${PENDING[urn.split(':')[1] ?? ''] ?? 'Resource'} already has a pending event.`);
}

export function isLocked(state: State, urn: string): boolean {
  return state.actions.some(({ status, locks }) => status === 'in-progress' && locks.includes(urn));
}

const PENDING: Readonly<Record<string, string>> = { droplet: 'Droplet', volume: 'Volume', floatingip: 'The reserved IP' };

export const dropletUrn = (id: number): string => `do:droplet:${id}`;
export const volumeUrn = (id: string): string => `do:volume:${id}`;
export const reservedIpUrn = (ip: string): string => `do:floatingip:${ip}`;

export function actionView(action: ActionRecord): object {
  const { id, status, type, started_at, completed_at, resource_type, resource_id, region } = action;
  return {
    id,
    status,
    type,
    started_at: isoTime(started_at),
    completed_at: completed_at === null ? null : isoTime(completed_at),
    resource_id,
    resource_type,
    region: regionView(region),
    region_slug: region,
  };
}

/** The link to an action that the answer to a create carries. */
export function actionLink(call: Call, { id, type }: ActionRecord): object {
  return { id, rel: type, href: `${call.origin}/v2/actions/${id}` };
}

export function listActions(call: Call): Answer {
  return actionPage(call, call.world.state.actions);
}

export function getAction(call: Call): Answer {
  return { status: 200, body: { action: actionView(oneAction(call, call.world.state.actions, 'id')) } };
}

/** A page of the actions on one resource, newest first. */
export function listActionsOn(call: Call, urn: string): Answer {
  return actionPage(call, actionsOn(call.world.state, urn));
}

/** The action that the path names. Throws a 404 unless it was on that resource. */
export function getActionOn(call: Call, urn: string): ActionRecord {
  return oneAction(call, actionsOn(call.world.state, urn), 'action_id');
}

function actionsOn(state: State, urn: string): readonly ActionRecord[] {
  return state.actions.filter(({ locks }) => locks[0] === urn);
}

function actionPage(call: Call, actions: readonly ActionRecord[]): Answer {
  const { items, links, meta } = pageOf(call, actions.toReversed());
  return { status: 200, body: { actions: items.map(actionView), links, meta } };
}

function oneAction(call: Call, actions: readonly ActionRecord[], name: string): ActionRecord {
  const action = actions.find(({ id }) => String(id) === param(call, name));
  if (action === undefined) throw notFound();
  return action;
}
