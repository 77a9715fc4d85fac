import type { Change } from '../../client/provision/changes.ts';
import type { StackPlan } from '../../client/provision/plan.ts';
import type { FieldDiff } from '../../contracts/drift.ts';
import type { Json } from '../../contracts/ledger.ts';
import type { Colors } from './colors.ts';
import { plainLine } from './plain.ts';

const SIGNS: Readonly<Record<Change['action'], string>> = { create: '+', again: '-/+', update: '~', delete: '-' };

/** A plan as people read it: a line for each change with its reasons, one for each field, and the counts. */
export function stackPlanText({ stack, changes, issues }: Pick<StackPlan, 'stack' | 'changes' | 'issues'>, colors: Colors): string {
  const count = (...actions: readonly Change['action'][]): number => changes.filter(({ action }) => actions.includes(action)).length;
  const added = count('create', 'again');
  const summary =
    changes.length === 0
      ? `stack ${stack}: nothing to do`
      : `stack ${stack}: ${added} to make, ${count('update')} to change, ${count('delete', 'again')} to remove`;
  const blocked = issues.map(({ resource, message }) => colors.red(`  ! ${plainLine(`${resource} ${message}`, 500)}`));
  return [summary, ...changes.flatMap((change) => changeLines(change, colors)), ...blocked].join('\n');
}

function changeLines({ action, resource, reasons, diff }: Change, colors: Colors): string[] {
  const paint = { create: colors.green, again: colors.yellow, update: colors.yellow, delete: colors.red }[action];
  const head = `  ${paint(SIGNS[action].padEnd(3))} ${resource}`;
  const why = action === 'update' ? '' : `   ${reasons.join('; ')}`;
  return [
    `${head}${why}`,
    ...diff.map((one, idx) => `        ${diffText(one)}${action === 'update' ? `   (${reasonOf(reasons[idx] ?? '')})` : ''}`),
  ];
}

/** Without the field, which stands before it already. */
function reasonOf(reason: string): string {
  return reason.slice(reason.indexOf(': ') + 2);
}

/** `field: what is → what is meant`. */
export function diffText({ field, actual, desired }: FieldDiff): string {
  return plainLine(`${field}: ${valueText(actual)} → ${valueText(desired)}`, 300);
}

function valueText(value: Json): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
