import { isId } from '../contracts/ids.ts';
import { invalidInput } from './errors.ts';

/** Refuses an id that cannot be one (exit 2), before anything is asked. */
export function checkRunId(id: string): void {
  if (isId(id)) return;
  throw invalidInput(
    `expected a run's id (letters, digits, ".", "_", ":" or "-"), got ${JSON.stringify(id.slice(0, 60))}`,
    'cerebros list',
  );
}
