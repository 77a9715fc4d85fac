import type { Cerebros } from '../client/connect.ts';
import type { CliContext, GlobalFlags } from './context.ts';
import { outputOf } from './output.ts';

/** Gives the command a client of the stack, and closes it whatever comes. */
export async function useCerebros<T>(context: CliContext, flags: GlobalFlags, use: (cerebros: Cerebros) => Promise<T>): Promise<T> {
  const output = outputOf(context, flags);
  const cerebros = await context.connect(flags, (message) => output.warn(message));
  try {
    return await use(cerebros);
  } finally {
    await cerebros.close();
  }
}
