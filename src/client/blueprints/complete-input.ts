import { BLUEPRINT, type Blueprint, type BlueprintInput } from '../../contracts/blueprint.ts';
import type { GivenBlueprintInput } from '../../contracts/blueprint-schema.ts';
import type { Kind } from '../../contracts/kinds.ts';
import { invalidInput } from '../errors.ts';
import { blueprintSha256 } from './hash.ts';

/** Finds a blueprint by `name` or `name@version`. */
export type BlueprintLookup = (reference: string) => Promise<Blueprint>;

/** The input with the blueprint that it names in the place of the name. Without a lookup a name is refused (exit 2). */
export async function withBlueprint(kind: Kind, input: unknown, find: BlueprintLookup | undefined): Promise<unknown> {
  if (kind.kind !== BLUEPRINT || typeof input !== 'object' || input === null) return input;
  const reference: unknown = Reflect.get(input, 'blueprint');
  if (typeof reference !== 'string') return input;
  if (!find)
    throw invalidInput(
      `blueprint: expected the blueprint itself, because nothing is looked up here, got ${JSON.stringify(reference.slice(0, 60))}`,
      'cerebros blueprint show NAME@VERSION   (put its definition there)',
    );
  return { ...input, blueprint: await find(reference) };
}

/** A parsed input of the kind, complete: with the hash of its blueprint. Throws INVALID_INPUT (exit 2) when it came with another one. */
export function withHash(kind: Kind, input: unknown): unknown {
  return kind.kind === BLUEPRINT ? hashed(input as GivenBlueprintInput) : input;
}

function hashed({ blueprint, sha256: given, inputs }: GivenBlueprintInput): BlueprintInput {
  const sha256 = blueprintSha256(blueprint);
  if (given === undefined || given === sha256) return { blueprint, sha256, inputs };
  throw invalidInput(`sha256: expected that of the blueprint, ${sha256}, got ${given}; the blueprint has changed`, 'leave sha256 out');
}
