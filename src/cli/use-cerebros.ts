import type { Cerebros } from '../client/connect.ts';
import type { CliContext, GlobalFlags } from './context.ts';
import { outputOf } from './output.ts';

/**
 * Gives the command a client of the stack, and closes it whatever comes. In JSON modes warnings come last, and not at all before an
 * error: what is on stderr then is one JSON document.
 */
export async function useCerebros<T>(context: CliContext, flags: GlobalFlags, use: (cerebros: Cerebros) => Promise<T>): Promise<T> {
  const output = outputOf(context, flags);
  const held: string[] = [];
  const warn = (message: string): void => void (output.mode === 'text' ? output.warn(message) : held.push(message));
  const cerebros = await context.connect(flags, warn);
  try {
    const value = await use(cerebros);
    for (const message of held) output.warn(message);
    return value;
  } finally {
    await cerebros.close();
  }
}
