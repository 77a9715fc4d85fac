import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from './contracts/user-error.ts';

const fromSources = import.meta.url.endsWith('.ts');

/** The bundle that `npm run build` makes. Throws a `UserError` when it has not been made. */
export function workflowBundle(): { readonly codePath: string } {
  const codePath = fileURLToPath(new URL(fromSources ? '../dist/workflows.bundle.cjs' : './workflows.bundle.cjs', import.meta.url));
  if (existsSync(codePath)) return { codePath };
  throw new UserError('NOT_BUILT', `expected the workflow bundle at ${codePath}, found none`, { hint: 'run `npm run build`', exitCode: 2 });
}
