import { createHash } from 'node:crypto';
import type { Blueprint } from '../../contracts/blueprint.ts';
import { canonicalJson } from '../canonical-json.ts';

/** SHA-256 of a blueprint's canonical JSON, as 64 hexadecimal digits: the same however its fields were ordered. */
export function blueprintSha256(blueprint: Blueprint): string {
  return createHash('sha256').update(canonicalJson(blueprint)).digest('hex');
}
