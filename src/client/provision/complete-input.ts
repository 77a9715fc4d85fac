import type { Kind } from '../../contracts/kinds.ts';
import { PROVISION, type ProvisionStep } from '../../contracts/provision.ts';

/** An input that leaves its steps to the ledger; `saga_id` is the run that is rolled back. */
export type StackRequest =
  | { readonly kind: 'suspension' | 'offboarding'; readonly stack: string }
  | { readonly kind: 'rollback'; readonly stack: string; readonly saga_id: string };

/** Makes the steps of one. */
export type StackLookup = (request: StackRequest) => Promise<readonly ProvisionStep[]>;

/** The input with the steps that it leaves to the ledger. Without a lookup it stays as it is. */
export async function withStackSteps({ kind }: Kind, input: unknown, find: StackLookup | undefined): Promise<unknown> {
  const request = kind === PROVISION && find ? requestIn(input) : undefined;
  if (!request || !find) return input;
  const { saga_id: _saga, ...given } = input as { readonly [name: string]: unknown };
  return { ...given, steps: await find(request) };
}

function requestIn(input: unknown): StackRequest | undefined {
  if (typeof input !== 'object' || input === null || Object.hasOwn(input, 'steps')) return undefined;
  const { kind, stack, saga_id } = input as { readonly kind?: unknown; readonly stack?: unknown; readonly saga_id?: unknown };
  if (typeof stack !== 'string') return undefined;
  if (kind === 'suspension' || kind === 'offboarding') return { kind, stack };
  return kind === 'rollback' && typeof saga_id === 'string' ? { kind, stack, saga_id } : undefined;
}
