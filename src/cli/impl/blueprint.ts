import { checkBlueprint } from '../../client/blueprints/check.ts';
import { getBlueprint, listBlueprints, registerBlueprint } from '../../client/blueprints.ts';
import { blueprintPlan, type Blueprint, type BlueprintRow } from '../../contracts/blueprint.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { LimitFlags } from '../flags.ts';
import { graphOf } from '../graph/graph-model.ts';
import { textGraph } from '../graph/text-graph.ts';
import { outputOf, type Output } from '../output.ts';
import { readInput } from '../read-input.ts';
import { table, type Row } from '../text/table.ts';
import { ago } from '../text/time-text.ts';
import { useCerebros } from '../use-cerebros.ts';
import { requireUser } from '../user.ts';

export interface RegisterFlags extends GlobalFlags {
  readonly as?: string;
}

/** `blueprint validate FILE`: needs neither Temporal nor Postgres. */
export async function validate(this: CliContext, flags: GlobalFlags, file: string): Promise<void> {
  const output = outputOf(this, flags);
  const { value } = await readInput(this, file);
  const { definition, sha256 } = checkBlueprint(value);
  const { name, version } = definition;
  output.data({ name, version, sha256, definition }, () => blueprintText({ name, version, sha256 }, definition, output));
  output.note(`it can be run; next: cerebros blueprint register ${file}`);
}

/** `blueprint register FILE` */
export async function register(this: CliContext, flags: RegisterFlags, file: string): Promise<void> {
  const output = outputOf(this, flags);
  const { value } = await readInput(this, file);
  const by = flags.as ?? requireUser(this);
  const row = await useCerebros(this, flags, (cerebros) => registerBlueprint(cerebros, value, { by }));
  sayRow(output, row);
}

/** `blueprint list` */
export async function list(this: CliContext, flags: LimitFlags): Promise<void> {
  const output = outputOf(this, flags);
  const rows = await useCerebros(this, flags, (cerebros) => listBlueprints(cerebros, { limit: flags.limit }));
  const lines = rows.map((row): Row => [
    `${row.name}@${row.version}`,
    row.sha256.slice(0, 12),
    ago(row.registered_at),
    row.registered_by ?? '-',
  ]);
  output.data(rows, () => (lines.length === 0 ? 'no blueprints' : table([['BLUEPRINT', 'SHA-256', 'REGISTERED', 'BY'], ...lines])));
}

/** `blueprint show NAME[@VERSION]` */
export async function show(this: CliContext, flags: GlobalFlags, reference: string): Promise<void> {
  const output = outputOf(this, flags);
  sayRow(output, await useCerebros(this, flags, (cerebros) => getBlueprint(cerebros, reference)));
}

function sayRow(output: Output, row: BlueprintRow): void {
  const { definition, ...fields } = row;
  output.data(row, () => blueprintText(fields, definition, output));
  output.note(`next: cerebros start blueprint --input FILE, with {blueprint: ${row.name}@${row.version}, inputs: {…}} in it`);
}

function blueprintText(fields: Readonly<Record<string, string | null>>, definition: Blueprint, { colors }: Output): string {
  const rows = Object.entries(fields).map(([name, value]): Row => [name, value ?? '-']);
  const drawn = graphOf(`${definition.steps.length} steps`, blueprintPlan({ blueprint: definition }));
  return `${table(rows)}\n\n${textGraph(drawn, colors)}`;
}
