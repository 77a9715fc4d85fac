import { userInfo } from 'node:os';
import type { CliContext } from './context.ts';
import { usageError } from './format-error.ts';

/** Who is at the terminal, when CEREBROS_USER says so. */
export function userOf({ env }: Pick<CliContext, 'env'>): string | undefined {
  return env['CEREBROS_USER'] || undefined;
}

/** The same, else the user of this machine. Throws a usage error (exit 2) when it has no name. */
export function requireUser(context: Pick<CliContext, 'env'>): string {
  return userOf(context) ?? machineUser();
}

function machineUser(): string {
  try {
    return userInfo().username;
  } catch {
    throw usageError('expected the name of who asks, and this machine knows none', 'give --as NAME, or set CEREBROS_USER');
  }
}
