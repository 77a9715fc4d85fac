import { z } from 'zod';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param, parseBody } from './call.ts';
import { visibleDroplets } from './droplet-lookup.ts';
import { firewallRules, onlyRules } from './firewall-rules.ts';
import { firewallView } from './firewall-view.ts';
import { pageOf } from './pages.ts';
import { conflict, notFound, unprocessable } from './problem.ts';
import type { FirewallRecord, Rule, State } from './state.ts';
import { newTags, tagNames } from './tag-names.ts';
import { countCreated, countDestroyed, nextUuid } from './world.ts';

export function createFirewall(call: Call): Answer {
  const { state } = call.world;
  const body = parseBody(call, firewallBody);
  refuse(call, body, null);
  const firewall = { id: nextUuid(state), ...body, tags: newTags(state, body.tags), created_at: call.now, settled_at: 0 };
  state.firewalls.push(firewall);
  countCreated(state, 'firewall');
  return { status: 202, body: { firewall: firewallView(changed(call, firewall), call.now) } };
}

export function listFirewalls(call: Call): Answer {
  const { items, links, meta } = pageOf(call, call.world.state.firewalls);
  return { status: 200, body: { firewalls: items.map((firewall) => firewallView(firewall, call.now)), links, meta } };
}

export function getFirewall(call: Call): Answer {
  return { status: 200, body: { firewall: firewallView(find(call), call.now) } };
}

/** Replaces everything: what the body leaves out is emptied. */
export function updateFirewall(call: Call): Answer {
  const firewall = find(call);
  const body = parseBody(call, firewallBody);
  refuse(call, body, firewall);
  Object.assign(firewall, body, { tags: newTags(call.world.state, body.tags) });
  return { status: 200, body: { firewall: firewallView(changed(call, firewall), call.now) } };
}

export function deleteFirewall(call: Call): Answer {
  removeFirewall(call.world.state, find(call).id);
  return NO_CONTENT;
}

export function addFirewallDroplets(call: Call): Answer {
  const firewall = find(call);
  const { droplet_ids } = parseBody(call, dropletsBody);
  refuseDroplets(call, droplet_ids);
  firewall.droplet_ids = [...new Set([...firewall.droplet_ids, ...droplet_ids])];
  changed(call, firewall);
  return NO_CONTENT;
}

export function removeFirewallDroplets(call: Call): Answer {
  const firewall = find(call);
  const { droplet_ids } = parseBody(call, dropletsBody);
  firewall.droplet_ids = firewall.droplet_ids.filter((id) => !droplet_ids.includes(id));
  changed(call, firewall);
  return NO_CONTENT;
}

export function addFirewallRules(call: Call): Answer {
  const firewall = find(call);
  const rules = parseBody(call, onlyRules);
  firewall.inbound_rules = [...without(firewall.inbound_rules, rules.inbound_rules), ...rules.inbound_rules];
  firewall.outbound_rules = [...without(firewall.outbound_rules, rules.outbound_rules), ...rules.outbound_rules];
  changed(call, firewall);
  return NO_CONTENT;
}

/** Only a rule that is spelled as it was given is taken away. */
export function removeFirewallRules(call: Call): Answer {
  const firewall = find(call);
  const rules = parseBody(call, onlyRules);
  firewall.inbound_rules = without(firewall.inbound_rules, rules.inbound_rules);
  firewall.outbound_rules = without(firewall.outbound_rules, rules.outbound_rules);
  changed(call, firewall);
  return NO_CONTENT;
}

export function removeFirewall(state: State, id: string): void {
  state.firewalls = state.firewalls.filter((firewall) => firewall.id !== id);
  countDestroyed(state, 'firewall');
}

const firewallBody = z.object({
  name: z
    .string()
    .max(255)
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/, 'a name has letters, digits, periods and dashes'),
  ...firewallRules,
  droplet_ids: z
    .array(z.int())
    .nullish()
    .transform((ids) => [...new Set(ids ?? [])]),
  tags: tagNames,
});

const dropletsBody = z.object({ droplet_ids: z.array(z.int()).min(1) });

function refuse(call: Call, body: z.infer<typeof firewallBody>, self: FirewallRecord | null): void {
  if (body.inbound_rules.length + body.outbound_rules.length === 0) throw unprocessable('must have at least one rule');
  refuseDroplets(call, body.droplet_ids);
  if (call.world.state.firewalls.some((firewall) => firewall !== self && firewall.name === body.name)) throw conflict('duplicate name');
}

function refuseDroplets(call: Call, ids: readonly number[]): void {
  const known = new Set(visibleDroplets(call).map(({ id }) => id));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) throw unprocessable(`droplets not found: ${unknown.join(', ')}`);
}

/** From now on it is waiting. */
function changed({ world, now }: Call, firewall: FirewallRecord): FirewallRecord {
  firewall.settled_at = now + world.delays.firewall_ms;
  return firewall;
}

function without(rules: readonly Rule[], gone: readonly Rule[]): Rule[] {
  const spelled = new Set(gone.map((rule) => JSON.stringify(rule)));
  return rules.filter((rule) => !spelled.has(JSON.stringify(rule)));
}

function find(call: Call): FirewallRecord {
  const firewall = call.world.state.firewalls.find(({ id }) => id === param(call, 'id'));
  if (firewall === undefined) throw notFound();
  return firewall;
}
