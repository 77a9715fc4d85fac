import type { Blueprint } from '../../contracts/blueprint.ts';
import { blueprintSchema } from '../../contracts/blueprint-schema.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { invalidInput } from '../errors.ts';
import { explainIssues } from '../explain-issues.ts';
import { blueprintSha256 } from './hash.ts';

/** A blueprint that fits, with its hash. */
export interface CheckedBlueprint {
  readonly definition: Blueprint;
  readonly sha256: string;
}

/** Checks a blueprint and puts its steps in the order of their needs. Throws INVALID_INPUT (exit 2) that names path, expected and got. */
export function checkBlueprint(blueprint: unknown): CheckedBlueprint {
  const parsed = blueprintSchema.safeParse(blueprint);
  if (!parsed.success)
    throw invalidInput(
      `the blueprint cannot be run:\n${explainIssues(parsed.error, blueprint)}`,
      'mend it; cerebros blueprint validate FILE checks it again',
    );
  const bytes = Buffer.byteLength(JSON.stringify(parsed.data));
  if (bytes > LIMITS.valueBytes) {
    throw invalidInput(
      `the blueprint is ${bytes} bytes of JSON, expected at most ${LIMITS.valueBytes}`,
      'give large inputs to its steps as references, or split it',
    );
  }
  return { definition: parsed.data, sha256: blueprintSha256(parsed.data) };
}
