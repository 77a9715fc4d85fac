import type { Blueprint, BlueprintInput } from '../../contracts/blueprint.ts';
import type { Json } from '../../contracts/ledger.ts';
import { findBlueprint } from '../../ledger/queries/find-blueprint.ts';
import { getRun } from '../../ledger/queries/get-run.ts';
import { getBlueprint } from '../blueprints.ts';
import { callLedger, callTemporal, type Cerebros } from '../connect.ts';
import { isNotFound } from '../errors.ts';
import { firstEvent } from '../first-event.ts';
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
  const { blueprint } = ((await inputOf(cerebros, id)) ?? {}) as Partial<BlueprintInput>;
  if (blueprint?.name !== name) return undefined;
  return (await callLedger(cerebros, (sql) => findBlueprint(sql, name, blueprint.version)))?.definition;
}

/** What the run of this id was started with; undefined when there is none. */
async function inputOf(cerebros: Cerebros, id: string): Promise<Json | undefined> {
  const row = await callLedger(cerebros, (sql) => getRun(sql, id));
  if (row) return row.inputs;
  try {
    return (await callTemporal(cerebros, (client) => firstEvent(client, id))).input;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
