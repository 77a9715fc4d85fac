import type { Kind } from '../../contracts/kinds.ts';
import { PROVISION, type ProvisionStep } from '../../contracts/provision.ts';

/** A suspension or offboarding of a stack, which leaves its steps to the ledger. */
export interface StackRemoval {
  readonly kind: 'suspension' | 'offboarding';
  readonly stack: string;
}

/** Makes the steps of one. */
export type StackLookup = (removal: StackRemoval) => Promise<readonly ProvisionStep[]>;

/** The input with the steps that it leaves to the ledger. Without a lookup it stays as it is. */
export async function withStackSteps({ kind }: Kind, input: unknown, find: StackLookup | undefined): Promise<unknown> {
  if (kind !== PROVISION || !find || !isRemoval(input)) return input;
  return { ...input, steps: await find({ kind: input.kind, stack: input.stack }) };
}

function isRemoval(input: unknown): input is StackRemoval {
  if (typeof input !== 'object' || input === null || Object.hasOwn(input, 'steps')) return false;
  const { kind, stack } = input as Partial<StackRemoval>;
  return (kind === 'suspension' || kind === 'offboarding') && typeof stack === 'string';
}
