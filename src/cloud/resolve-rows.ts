import type { RowResolution } from '../contracts/cloud-check.ts';
import type { ProvisionedResource } from '../contracts/cloud.ts';
import { CloudError } from './cloud-error.ts';
import type { ProtocolDependencies } from './create-protocol.ts';
import { deleteResource, type DeleteOptions } from './delete-protocol.ts';

/**
 * How the saga of a row stands. `closed:` is followed by its status, or by `terminated` when Temporal ended it and nothing was undone so far;
 * `not known`: neither Temporal nor the ledger has it.
 */
export type RunState = 'open' | `closed:${string}` | 'not known';

export interface ResolveDependencies extends ProtocolDependencies {
  readonly runState: (saga_id: string) => Promise<RunState>;
}

export interface ResolveOptions extends Pick<DeleteOptions, 'gap_ms' | 'signal'> {
  /** How old a row must be whose saga nobody knows. Default 900,000. */
  readonly grace_ms?: number;
}

/** Of one call; the next goes on. */
const DELETES_MAX = 100;
const AT_ONCE = 20;
/** A removal that does not succeed soon is tried again by the next check. */
const TRIES = { tries_max: 3, delay_ms: 2_000 };
const REASON_CHARS = 300;
/** What holds others goes first, and VPCs, which everything is in, last. */
const ORDER: readonly string[] = ['reserved_ip', 'firewall', 'attachment', 'droplet', 'volume', 'snapshot', 'vpc'];

/**
 * Deletes what sagas have left behind: rows that are unresolved though their saga has ended and undone itself, or is not known after a
 * grace. At most 100; one that fails does not stop the others. Answers with what became of each row.
 */
export async function resolveRows(
  on: ResolveDependencies,
  rows: readonly ProvisionedResource[],
  options: ResolveOptions = {},
): Promise<readonly RowResolution[]> {
  const decided = await decideAll(on, rows, options);
  const left = decided
    .filter(({ deletes }) => !deletes)
    .map(({ row, reason }): RowResolution => ({ urn: row.urn, action: 'left', reason }));
  const due = decided.filter(({ deletes }) => deletes).slice(0, DELETES_MAX);
  const resolved: RowResolution[] = [];
  for (const type of new Set([...ORDER, ...due.map(({ row }) => row.type)])) {
    const layer = due.filter(({ row }) => row.type === type);
    for (let at = 0; at < layer.length; at += AT_ONCE) {
      resolved.push(...(await Promise.all(layer.slice(at, at + AT_ONCE).map((one) => remove(on, one, options)))));
    }
  }
  return [...resolved, ...left];
}

interface Decision {
  readonly deletes: boolean;
  readonly reason: string;
}

/** What is to become of an unresolved row: the saga that withdraws it, else its maker, stands so. Pure. */
export function decide(row: Pick<ProvisionedResource, 'state' | 'saga_id' | 'deleted_by'>, run: RunState, old: boolean): Decision {
  if (run === 'open') return { deletes: false, reason: 'its saga is under way' };
  if (run === 'not known')
    return old ? { deletes: true, reason: 'its saga is not known' } : { deletes: false, reason: 'its saga is not known so far' };
  const status = run.slice('closed:'.length);
  // A halted saga goes on as people say.
  if (status === 'halted') return { deletes: false, reason: 'its saga is halted' };
  const withdrawn = row.state === 'deleting';
  const others = withdrawn && row.deleted_by !== null && row.deleted_by !== row.saga_id;
  // It was to stay, as its undo is stuck: `undo retry` finishes that.
  if (others && status === 'failed') return { deletes: false, reason: 'the saga that was deleting it is failed' };
  if (withdrawn && status !== 'terminated') return { deletes: true, reason: `it was being deleted, and its saga is ${status}` };
  return { deletes: UNDONE.includes(status), reason: `its saga is ${status}` };
}

/** Ends after which nothing of a saga is to be there. */
const UNDONE: readonly string[] = ['rolled_back', 'cancelled', 'failed'];

async function decideAll(
  { clock, runState }: ResolveDependencies,
  rows: readonly ProvisionedResource[],
  { grace_ms = 900_000, signal }: ResolveOptions,
): Promise<(Decision & { readonly row: ProvisionedResource })[]> {
  const states = new Map<string | null, RunState | Decision>([[null, 'not known']]);
  const decided: (Decision & { readonly row: ProvisionedResource })[] = [];
  for (const row of rows) {
    signal?.throwIfAborted();
    const saga = row.state === 'deleting' ? (row.deleted_by ?? row.saga_id) : row.saga_id;
    const known = states.get(saga) ?? (await stateOf(runState, saga ?? ''));
    states.set(saga, known);
    const old = clock.now() - Date.parse(row.updated_at) >= grace_ms;
    decided.push({ row, ...(typeof known === 'string' ? decide(row, known, old) : known) });
  }
  return decided;
}

/** Whoever cannot be asked may be under way. */
async function stateOf(runState: ResolveDependencies['runState'], saga_id: string): Promise<RunState | Decision> {
  try {
    return await runState(saga_id);
  } catch (error) {
    return { deletes: false, reason: cut(`how its saga stands cannot be told: ${messageOf(error)}`) };
  }
}

async function remove(
  on: ResolveDependencies,
  { row: { urn, intent_hash }, reason }: { readonly row: ProvisionedResource; readonly reason: string },
  { gap_ms, signal }: ResolveOptions,
): Promise<RowResolution> {
  try {
    // It was decided some time ago: what is meant by its name now may be another.
    const gone = await deleteResource(on, { urn, saga_id: null, intent_hash }, { ...TRIES, gap_ms, signal });
    return gone ? { urn, action: 'deleted', reason } : { urn, action: 'left', reason: 'it is meant otherwise by now' };
  } catch (error) {
    signal?.throwIfAborted();
    return { urn, action: 'failed', reason: cut(error instanceof CloudError ? `${error.code}: ${error.message}` : messageOf(error)) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function cut(text: string): string {
  return text.slice(0, REASON_CHARS);
}
