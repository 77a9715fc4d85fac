import { getBlueprint } from '../client/blueprints.ts';
import type { PrepareOptions } from '../client/prepare-input.ts';
import { stackSteps } from '../client/provision/stack-steps.ts';
import type { CliContext, GlobalFlags } from './context.ts';
import { useCerebros } from './use-cerebros.ts';

/** Looks up what an input leaves to the ledger: a registered blueprint, by `name[@version]`, and the steps of a stack. Connects only when it is asked. */
export function lookUps(context: CliContext, flags: GlobalFlags): Required<Pick<PrepareOptions, 'blueprints' | 'stacks'>> {
  return {
    blueprints: (reference) => useCerebros(context, flags, async (cerebros) => (await getBlueprint(cerebros, reference)).definition),
    stacks: (request) => useCerebros(context, flags, (cerebros) => stackSteps(cerebros, request, undefined)),
  };
}
