import type { Blueprint, BlueprintInput } from '../../contracts/blueprint.ts';
import { findBlueprint } from '../../ledger/queries/find-blueprint.ts';
import { getBlueprint } from '../blueprints.ts';
import { callLedger, type Cerebros } from '../connect.ts';
import { inputOfRun } from '../input-of-run.ts';
import { parseReference } from './reference.ts';

/**
 * The blueprint that a start names. A run that has the id already keeps the version it began with, so that the same start returns it
 * also when a newer version has been registered. Throws as `getBlueprint` does.
 */
export async function namedBlueprint(cerebros: Cerebros, reference: string, id: string | undefined): Promise<Blueprint> {
  const { name, version } = parseReference(reference);
  const begun = id === undefined || version !== undefined ? undefined : await begunWith(cerebros, name, id);
  return begun ?? (await getBlueprint(cerebros, reference)).definition;
}

/** The registered version of this blueprint that the run of this id was started with, when there is such a run. */
async function begunWith(cerebros: Cerebros, name: string, id: string): Promise<Blueprint | undefined> {
  const { blueprint } = ((await inputOfRun(cerebros, id)) ?? {}) as Partial<BlueprintInput>;
  if (blueprint?.name !== name) return undefined;
  return (await callLedger(cerebros, (sql) => findBlueprint(sql, name, blueprint.version)))?.definition;
}
