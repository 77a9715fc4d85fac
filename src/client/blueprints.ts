import type { BlueprintRow } from '../contracts/blueprint.ts';
import { UserError } from '../contracts/user-error.ts';
import { jsonbSafe } from '../ledger/jsonb-safe.ts';
import { blueprintRows, type BlueprintFilter, type BlueprintListing } from '../ledger/queries/blueprint-rows.ts';
import { findBlueprint } from '../ledger/queries/find-blueprint.ts';
import { putBlueprint } from '../ledger/queries/put-blueprint.ts';
import { checkPerson } from './approvals/person.ts';
import { checkBlueprint } from './blueprints/check.ts';
import { blueprintSha256 } from './blueprints/hash.ts';
import { blueprintNotFound, parseReference } from './blueprints/reference.ts';
import { callLedger, type Cerebros } from './connect.ts';

export interface RegisterOptions {
  /** Who registers it, as asserted. Default: nobody. */
  readonly by?: string | undefined;
}

// All of them throw UserErrors, LEDGER_UNREACHABLE (exit 3) among them.

/**
 * Registers a blueprint as `name@version`, or returns the row when the same definition was registered before. Throws INVALID_INPUT
 * (exit 2) when it cannot be run, VERSION_TAKEN (5) when the version has another definition, which never changes.
 */
export async function registerBlueprint(cerebros: Cerebros, blueprint: unknown, { by }: RegisterOptions = {}): Promise<BlueprintRow> {
  // Stored as the database can hold it, and hashed so: what is read later has the hash that was noted.
  const definition = jsonbSafe(checkBlueprint(blueprint).definition);
  const sha256 = blueprintSha256(definition);
  const { name, version } = definition;
  const registered_by = by === undefined ? null : checkPerson('by', by);
  const row = await callLedger(cerebros, (sql) => putBlueprint(sql, { name, version, sha256, definition, registered_by }));
  if (row.sha256 !== sha256) throw versionTaken(row, sha256);
  return row;
}

/** Registered versions, newest first, without their definitions. */
export function listBlueprints(cerebros: Cerebros, filter: BlueprintFilter = {}): Promise<BlueprintListing[]> {
  return callLedger(cerebros, (sql) => blueprintRows(sql, filter));
}

/**
 * A registered version with its definition: `name@version`, or `name` for the one that was registered last. Throws INVALID_INPUT
 * (exit 2), BLUEPRINT_NOT_FOUND (4) with the versions there are.
 */
export async function getBlueprint(cerebros: Cerebros, reference: string): Promise<BlueprintRow> {
  const { name, version } = parseReference(reference);
  const row = await callLedger(cerebros, (sql) => findBlueprint(sql, name, version));
  if (row) return row;
  throw await blueprintNotFound(cerebros, { name, version });
}

function versionTaken({ name, version, sha256, registered_at }: BlueprintRow, got: string): UserError {
  return new UserError(
    'VERSION_TAKEN',
    `blueprint ${name}@${version}: expected the definition that was registered at ${registered_at} (sha256 ${sha256.slice(0, 12)}…), ` +
      `got another (${got.slice(0, 12)}…); a registered version never changes`,
    { hint: `give it another version   (cerebros blueprint show ${name}@${version} shows what is registered)`, exitCode: 5 },
  );
}
