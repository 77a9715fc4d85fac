import { kindOf, planOf, prepareInput } from '../../client/prepare-input.ts';
import { showRun } from '../../client/show.ts';
import { KINDS } from '../../contracts/kinds.ts';
import type { Plan } from '../../contracts/plan.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { CliContext } from '../context.ts';
import type { GraphFlags } from '../flags.ts';
import { usageError } from '../format-error.ts';
import { graphOf, type Graph } from '../graph/graph-model.ts';
import { mermaid } from '../graph/mermaid.ts';
import { textGraph } from '../graph/text-graph.ts';
import { outputOf } from '../output.ts';
import { readInput } from '../read-input.ts';
import { lookUps } from '../look-ups.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `graph KIND|ID`: what `--format` asks for goes out as it is; without it, and with JSON output, the graph as data. */
export async function graph(this: CliContext, flags: GraphFlags, name: string): Promise<void> {
  const output = outputOf(this, flags);
  const drawn = Object.hasOwn(KINDS, name) ? await graphOfKind(this, flags, name) : await graphOfRun(this, flags, name);
  const text = flags.format === 'mermaid' ? mermaid(drawn) : textGraph(drawn, output.colors);
  if (flags.format !== undefined && flags.output === undefined) this.process.stdout.write(`${text}\n`);
  else output.data(flags.format === undefined ? drawn : { ...drawn, [flags.format]: text }, () => text);
}

async function graphOfRun(context: CliContext, flags: GraphFlags, id: string): Promise<Graph> {
  const run = await useCerebros(context, flags, (cerebros) => showRun(cerebros, id));
  return graphOf(`${run.id}: ${run.kind}, ${run.status}`, { kind: run.kind, steps: run.plan }, run);
}

async function graphOfKind(context: CliContext, flags: GraphFlags, name: string): Promise<Graph> {
  if (flags.input === undefined) return graphOf(`plan of ${name}`, planWithoutInput(name));
  const { value, base_dir } = await readInput(context, flags.input);
  const { plan } = await prepareInput(name, value, { base_dir, ...lookUps(context, flags) });
  return graphOf(`plan of ${name}`, plan);
}

/** Most plans are the same for every input. */
function planWithoutInput(name: string): Plan {
  try {
    return planOf(kindOf(name), {});
  } catch (error) {
    if (error instanceof UserError || error instanceof TypeError)
      throw usageError(`the plan of ${name} depends on its input, which is missing`, `cerebros graph ${name} --input FILE`);
    throw error;
  }
}
