import type { ProvisionedResource } from '../contracts/cloud.ts';
import type { DriftFinding, DriftFindings, DriftLedger } from '../contracts/drift.ts';
import type { Json } from '../contracts/ledger.ts';
import { CloudError } from './cloud-error.ts';
import { unknown, verdictOf, type Verdict } from './drift/verdict.ts';
import type { CloudObject, CloudPort } from './port.ts';

export interface ObserveOptions {
  /** What the provider can list; what is neither foreign nor ours is not. */
  readonly types: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** A resource of its own is made only of these; attachments and tags belong to others. */
const MAY_BE_FOREIGN: readonly string[] = ['vpc', 'droplet', 'volume', 'snapshot', 'firewall', 'reserved_ip'];
const UNMANAGED_MAX = 1000;

/**
 * Looks at everything there is, once for each type, and compares it with the ledger; changes nothing, neither here nor there. A type
 * that cannot be listed makes its resources `unknown`, and no other.
 */
export async function observe(
  { port, ledger }: { readonly port: CloudPort; readonly ledger: Pick<DriftLedger, 'rows'> },
  { types, signal }: ObserveOptions,
): Promise<DriftFindings> {
  const { provider } = port;
  const before = await ledger.rows(provider);
  const lists = new Map<string, List>();
  const wanted = types.filter((type) => MAY_BE_FOREIGN.includes(type) || before.rows.some((row) => row.type === type));
  for (const type of wanted) lists.set(type, await listed(port, type, signal));
  const findings: DriftFinding[] = [];
  for (const row of before.rows) {
    if (row.state !== 'deleted') findings.push(await judged(row, { port, list: lists.get(row.type), at: before.at, signal }));
  }
  // Also what was made, or made and removed, while this looked.
  const after = await ledger.rows(provider, before.at);
  const ours = createOurs([...before.rows, ...after.rows]);
  const unmanaged = MAY_BE_FOREIGN.flatMap((type) =>
    (lists.get(type)?.items ?? []).filter((item) => !ours(type, item)).map((item) => foreign(provider, type, item)),
  );
  const unlisted = [...lists].filter(([, { failure }]) => failure !== null).map(([type]) => type);
  return { provider, began_at: before.at, unlisted, findings: [...findings, ...unmanaged.slice(0, UNMANAGED_MAX)] };
}

interface List {
  readonly items: readonly CloudObject[];
  readonly byId: ReadonlyMap<string, CloudObject>;
  /** Why there is none. */
  readonly failure: string | null;
}

async function listed(port: CloudPort, type: string, signal: AbortSignal | undefined): Promise<List> {
  try {
    const items = await port.list(type, signal);
    return { items, byId: new Map(items.map((item) => [item.provider_id, item])), failure: null };
  } catch (error) {
    return { items: [], byId: new Map(), failure: failureOf(error, signal) };
  }
}

interface Look {
  readonly port: CloudPort;
  readonly list: List | undefined;
  /** When this began, by the ledger's clock. */
  readonly at: string;
  readonly signal: AbortSignal | undefined;
}

/** What the list does not have is asked for by its id, before it is called missing. */
async function judged(row: ProvisionedResource, { port, list, at, signal }: Look): Promise<DriftFinding> {
  const { provider_id, type, observed } = row;
  if (row.state !== 'active' || provider_id === null) return found(row, verdictOf(row, undefined, at));
  if (!list || list.failure !== null) return found(row, unknown(list?.failure ?? `expected a type that can be listed, got ${type}`));
  try {
    const seen = list.byId.get(provider_id) ?? (await port.get({ type, provider_id, observed }, signal));
    return found(row, verdictOf(row, seen, at), seen);
  } catch (error) {
    return found(row, unknown(failureOf(error, signal)));
  }
}

/** The message of what the provider said; anything else is thrown on. */
function failureOf(error: unknown, signal: AbortSignal | undefined): string {
  signal?.throwIfAborted();
  if (error instanceof CloudError) return error.message;
  throw error;
}

function found(row: ProvisionedResource, verdict: Verdict, seen?: CloudObject): DriftFinding {
  const { urn: resource, type, name, provider_id, state, updated_at } = row;
  return { resource, type, name, provider_id, ...verdict, observed: seen?.observed ?? null, row: { state, updated_at } };
}

function foreign(provider: string, type: string, { provider_id, observed }: CloudObject): DriftFinding {
  const name = typeof observed['name'] === 'string' ? observed['name'] : provider_id;
  const resource = `${provider}:${type}:${provider_id}`;
  return { resource, type, name, provider_id, verdict: 'unmanaged', diff: [], reason: null, observed: null, row: null };
}

/**
 * Whether a resource is in the ledger, or may be what a row without an id has just made; and the default of a region is nobody's.
 * The ledger is what says whose it is: a name that only looks like ours does not.
 */
function createOurs(rows: readonly ProvisionedResource[]): (type: string, item: CloudObject) => boolean {
  const ids = new Set(rows.filter(({ provider_id }) => provider_id !== null).map(({ type, provider_id }) => `${type} ${provider_id}`));
  const nameless = rows.filter(({ provider_id }) => provider_id === null);
  const marks = new Set(nameless.flatMap((row) => marksOf(row.type, { ...row, spec: row.desired_spec })));
  return (type, { provider_id, observed }) => {
    if (type === 'vpc' && observed['default'] === true) return true;
    if (ids.has(`${type} ${provider_id}`)) return true;
    const tags = (observed['tags'] ?? []) as readonly string[];
    const seen = [{ name: observed['name'], tag: null, spec: observed }, ...tags.map((tag) => ({ name: undefined, tag, spec: null }))];
    return seen.flatMap((one) => marksOf(type, one)).some((mark) => marks.has(mark));
  };
}

/** By what a resource is found again whose id nobody knows; a reserved IP only by its droplet. */
function marksOf(
  type: string,
  { name, tag, spec }: { readonly name?: Json | undefined; readonly tag: Json; readonly spec: Json },
): string[] {
  if (type === 'reserved_ip') {
    const droplet = (spec as { readonly droplet_id?: Json } | null)?.droplet_id;
    return typeof droplet === 'number' ? [`${type} droplet ${droplet}`] : [];
  }
  const names = [name, tag].filter((one): one is string => typeof one === 'string');
  return names.map((one) => `${type} ${one.toLowerCase()}`);
}
