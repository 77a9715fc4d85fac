import type { Json } from '../../contracts/ledger.ts';

type Fields = { readonly [key: string]: Json };

/** Rules of a firewall in one spelling and order, so that equal ones are equal: every port is `all`, what is empty is left out. */
export function normalRules(rules: Json): readonly Json[] {
  const spelled = (Array.isArray(rules) ? (rules as readonly Json[]) : []).map((rule) => JSON.stringify(normalRule(rule)));
  return [...new Set(spelled)].toSorted().map((rule) => JSON.parse(rule) as Json);
}

function normalRule(rule: Json): Json {
  if (!isFields(rule)) return rule;
  const { protocol = null, ports, sources, destinations } = rule;
  const every = ports === undefined || ports === null || ports === '' || ports === '0';
  return {
    protocol,
    ports: every ? 'all' : ports,
    ...(sources !== undefined && { sources: normalTargets(sources) }),
    ...(destinations !== undefined && { destinations: normalTargets(destinations) }),
  };
}

/** Lists of addresses, droplets, tags and the like. */
function normalTargets(targets: Json): Json {
  if (!isFields(targets)) return targets;
  const lists = Object.entries(targets).filter(
    (entry): entry is [string, readonly Json[]] => Array.isArray(entry[1]) && entry[1].length > 0,
  );
  const sorted = lists.map(([name, items]) => [name, normalSet(items)] as const);
  return Object.fromEntries(sorted.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A set as a sorted list; numbers by their size. */
export function normalSet(items: readonly Json[]): readonly Json[] {
  return [...new Set(items)].toSorted((a, b) => {
    return typeof a === 'number' && typeof b === 'number' ? a - b : JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
  });
}

function isFields(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
