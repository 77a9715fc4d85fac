import { NAME } from '../../contracts/worded-schema.ts';
import { nearest } from '../../contracts/nearest.ts';
import { UserError } from '../../contracts/user-error.ts';
import { blueprintRows, type BlueprintListing } from '../../ledger/queries/blueprint-rows.ts';
import { callLedger, type Cerebros } from '../connect.ts';
import { invalidInput } from '../errors.ts';

/** How people name a registered blueprint: `name@version`, or `name` for the version that was registered last. */
export interface BlueprintReference {
  readonly name: string;
  readonly version: string | undefined;
}

/** Reads a reference. Throws INVALID_INPUT (exit 2). */
export function parseReference(text: string): BlueprintReference {
  const [name = '', version, ...rest] = text.split('@');
  if (NAME.test(name) && (version === undefined || NAME.test(version)) && rest.length === 0) return { name, version };
  throw invalidInput(
    `blueprint: expected name or name@version, of letters, digits, ".", "_" or "-", got ${JSON.stringify(text.slice(0, 60))}`,
    'cerebros blueprint list',
  );
}

/** As many versions as the message lists. */
const VERSIONS_SHOWN = 10;

/** Why a reference leads nowhere: BLUEPRINT_NOT_FOUND (exit 4) with the versions there are, or the name that was meant. */
export async function blueprintNotFound(cerebros: Cerebros, { name, version }: BlueprintReference): Promise<UserError> {
  const same = await callLedger(cerebros, (sql) => blueprintRows(sql, { name, limit: VERSIONS_SHOWN + 1 }));
  const text = version === undefined ? name : `${name}@${version}`;
  const found = same.length > 0 ? `only ${versionsOf(same)}` : await noneOfThisName(cerebros, name);
  return new UserError('BLUEPRINT_NOT_FOUND', `blueprint ${text}: expected one that is registered, found ${found}`, {
    hint: 'cerebros blueprint list   (cerebros blueprint register FILE registers one)',
    exitCode: 4,
  });
}

function versionsOf(rows: readonly Pick<BlueprintListing, 'name' | 'version'>[]): string {
  const versions = rows.slice(0, VERSIONS_SHOWN).map(({ name, version }) => `${name}@${version}`);
  return `${versions.join(', ')}${rows.length > VERSIONS_SHOWN ? ' and older ones' : ''}`;
}

async function noneOfThisName(cerebros: Cerebros, name: string): Promise<string> {
  const all = await callLedger(cerebros, (sql) => blueprintRows(sql, { limit: 1000 }));
  const meant = nearest(name, [...new Set(all.map((row) => row.name))]);
  return meant === undefined ? 'none of this name' : `none of this name; did you mean "${meant}"?`;
}
