import { getBlueprint } from '../client/blueprints.ts';
import type { Blueprint } from '../contracts/blueprint.ts';
import type { CliContext, GlobalFlags } from './context.ts';

import { useCerebros } from './use-cerebros.ts';

/** Looks a registered blueprint up, by `name[@version]`; connects only when it is asked. */
export function registered(context: CliContext, flags: GlobalFlags): (reference: string) => Promise<Blueprint> {
  return (reference) => useCerebros(context, flags, async (cerebros) => (await getBlueprint(cerebros, reference)).definition);
}
