import type { PostClaim, ProvisionedResource, ResourceIntent, ResourceLedger } from '../contracts/cloud.ts';
import type { Json } from '../contracts/ledger.ts';
import { UserError } from '../contracts/user-error.ts';
import type { Clock } from './clock.ts';
import { CloudError } from './cloud-error.ts';
import { deterministicName } from './deterministic-name.ts';
import { intentHash } from './intent-hash.ts';
import { lookTwice, onlyOne } from './look-up.ts';
import type { CloudObject, CloudPort } from './port.ts';
import type { Turn } from './rate-limit.ts';
import { removeWithRetry } from './remove-with-retry.ts';

/** What the protocols work with. */
export interface ProtocolDependencies {
  readonly port: CloudPort;
  readonly ledger: ResourceLedger;
  readonly clock: Clock;
}

/** A resource that is wanted. */
export interface ResourceRequest {
  readonly urn: string;
  readonly type: string;
  /** `deterministicName(idempotency_key)`; another one only where a name is what the resource is for, and then it must be free. */
  readonly name: string;
  /** A tag that nothing but this resource carries; null where the type has no tags. */
  readonly tag: string | null;
  readonly spec: Json;
  readonly idempotency_key: string;
  readonly saga_id: string | null;
}

export interface CreateOptions {
  /** Between the two looks after an unknown outcome; a POST is given up after three quarters of it. Default 60,000. */
  readonly gap_ms?: number;
  /** POSTs of unknown outcome before a person must look. Default 3. */
  readonly posts_max?: number;
  readonly signal?: AbortSignal;
}

/** What there is now. */
export interface CreatedResource {
  readonly urn: string;
  readonly provider_id: string;
}

/** Each round claims a POST, or finds that others did. */
const ROUNDS_MAX = 20;

/**
 * Makes a resource, once: notes the intent, looks for the name and the tag, POSTs, keeps the id. Killed anywhere and called again with
 * the same key, it goes on: a POST of unknown outcome is looked for twice before there is another, and a resource that is made by an
 * attempt that has been overtaken is taken away again. It is not ready yet: see `waitActive`.
 *
 * Throws `CloudError`: `INTENT_CHANGED` when the urn is meant otherwise, `INTENT_WITHDRAWN` when it was deleted, `NAME_TAKEN`,
 * `CREATE_AMBIGUOUS` and `CREATE_UNRESOLVED` (it is `suspect`), or what the provider refused with. When `retryable`, call it again.
 */
export async function createResource(
  dependencies: ProtocolDependencies,
  request: ResourceRequest,
  options: CreateOptions = {},
): Promise<CreatedResource> {
  const intent = intentOf(dependencies.port.provider, request);
  const creation = new Creation(dependencies, request, { intent, gap_ms: 60_000, posts_max: 3, ...options });
  try {
    return await creation.run();
  } catch (error) {
    if (error instanceof CloudError || error instanceof UserError) await creation.noteUnresolved(error.message);
    throw error;
  }
}

function intentOf(provider: string, { urn, type, name, tag, spec, saga_id, idempotency_key }: ResourceRequest): ResourceIntent {
  const intent_hash = intentHash({ provider, type, name, tag, spec, idempotency_key });
  return { urn, provider, type, name, tag, desired_spec: spec, saga_id, intent_hash };
}

interface Settings {
  readonly intent: ResourceIntent;
  readonly gap_ms: number;
  readonly posts_max: number;
  readonly signal?: AbortSignal;
}

class Creation {
  readonly #on: ProtocolDependencies;
  readonly #request: ResourceRequest;
  readonly #settings: Settings;
  /** Whether something may exist that the ledger has no id of. */
  #open = false;

  constructor(on: ProtocolDependencies, request: ResourceRequest, settings: Settings) {
    this.#on = on;
    this.#request = request;
    this.#settings = settings;
  }

  async run(): Promise<CreatedResource> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const row = await this.#on.ledger.noteIntent(this.#settings.intent);
      this.#open = false;
      this.#refuse(row);
      if (row.provider_id !== null) return { urn: row.urn, provider_id: row.provider_id };
      this.#open = row.posts > 0;
      const there = await this.#look(row);
      if (there) return await this.#keep(there);
      if (row.posts >= this.#settings.posts_max) throw this.#unresolved(row.posts);
      // Claimed only when it can go at once: the longer a claim is old, the likelier it is that others have taken it over.
      const turn = await this.#on.port.prepare(this.#request, this.#settings.signal);
      const claim = { urn: row.urn, intent_hash: row.intent_hash, posts: row.posts };
      const made = (await this.#on.ledger.claimPost(claim)) ? await this.#post(claim, turn) : undefined;
      if (made) return await this.#keep(made);
    }
    throw this.#unresolved(ROUNDS_MAX);
  }

  async noteUnresolved(problem: string): Promise<void> {
    const { urn, intent_hash } = this.#settings.intent;
    if (this.#open) await this.#on.ledger.markSuspect({ urn, intent_hash, problem });
  }

  #refuse({ urn, state, intent_hash }: ProvisionedResource): void {
    if (intent_hash !== this.#settings.intent.intent_hash) {
      throw refusal('INTENT_CHANGED', `${urn} is meant otherwise: delete what it is now, or give another urn`);
    }
    if (state === 'deleting' || state === 'deleted') {
      throw refusal('INTENT_WITHDRAWN', `${urn} was deleted under this idempotency key: to have it again, take a new key`);
    }
  }

  /** Before the first POST one look is enough: what is there then is ours only by a name that nobody else can have. */
  async #look({ posts }: ProvisionedResource): Promise<CloudObject | undefined> {
    const { port, clock } = this.#on;
    const { gap_ms, signal } = this.#settings;
    if (posts > 0) return onlyOne(this.#request, await lookTwice({ port, clock, identity: this.#request, gap_ms, signal }));
    const there = onlyOne(this.#request, await port.lookUp(this.#request, signal));
    if (!there || this.#request.name === deterministicName(this.#request.idempotency_key)) return there;
    throw refusal('NAME_TAKEN', `There is a ${this.#request.type} ${this.#request.name} already: expected none, give another name`);
  }

  /** Undefined when the outcome is unknown. */
  async #post(claim: PostClaim, turn: Turn): Promise<CloudObject | undefined> {
    this.#open = true;
    const { gap_ms, signal } = this.#settings;
    const window = AbortSignal.timeout(Math.ceil(gap_ms * 0.75));
    try {
      return await this.#on.port.create(this.#request, signal ? AbortSignal.any([signal, window]) : window, turn);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.outcome === 'unknown') return undefined;
      await this.#on.ledger.releasePost(claim);
      this.#open = claim.posts > 0;
      throw error;
    }
  }

  /** When the ledger refuses the id, this attempt has been overtaken: what it has in hand goes, unless it is what the ledger has. */
  async #keep(there: CloudObject): Promise<CreatedResource> {
    const { urn, intent_hash } = this.#settings.intent;
    const { provider_id, observed } = there;
    if (await this.#on.ledger.recordId({ urn, intent_hash, provider_id, observed })) return { urn, provider_id };
    this.#open = false;
    const { type } = this.#request;
    await removeWithRetry(this.#on, { type, provider_id, observed }, { signal: this.#settings.signal });
    const row = await this.#on.ledger.noteIntent(this.#settings.intent);
    this.#refuse(row);
    if (row.provider_id !== null) return { urn, provider_id: row.provider_id };
    throw this.#unresolved(row.posts);
  }

  #unresolved(posts: number): CloudError {
    const { type, name } = this.#request;
    const message = `Whether ${type} ${name} exists is not known after ${posts} attempts to make it: look for it at the provider`;
    return new CloudError('CREATE_UNRESOLVED', message, { outcome: 'unknown', retryable: false });
  }
}

function refusal(code: string, message: string): CloudError {
  return new CloudError(code, message, { outcome: 'refused', retryable: false });
}
