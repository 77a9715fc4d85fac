import type { Change } from '../../client/provision/changes.ts';
import type { StackPlan } from '../../client/provision/plan.ts';
import type { FieldDiff } from '../../contracts/drift.ts';
import type { Json } from '../../contracts/ledger.ts';
import { asRef } from '../../contracts/provision-expand.ts';
import type { Colors } from './colors.ts';
import { valueText } from './drift-text.ts';
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
  if (action !== 'update') return [`${head}   ${reasons.join('; ')}`, ...diff.flatMap(fieldLines)];
  // A reason begins with the field, which stands before it already.
  const why = (idx: number): string => `   (${(reasons[idx] ?? '').split(': ').slice(1).join(': ')})`;
  return [head, ...diff.flatMap((one, idx) => fieldLines(one).map((line) => `${line}${why(idx)}`))];
}

/** `field: what is → what is meant`; of a list what comes and what goes. */
function fieldLines({ field, actual, desired }: FieldDiff): string[] {
  const lines = Array.isArray(actual) && Array.isArray(desired) ? listLines(actual, desired) : [`${shown(actual)} → ${shown(desired)}`];
  return lines.map((line) => `        ${plainLine(`${field}: ${line}`, 300)}`);
}

function listLines(actual: readonly Json[], desired: readonly Json[]): string[] {
  const [there, wanted] = [actual.map(shown), desired.map(shown)];
  const coming = wanted.filter((item) => !there.includes(item)).map((item) => `+ ${item}`);
  return [...coming, ...there.filter((item) => !wanted.includes(item)).map((item) => `- ${item}`)];
}

/** What is made on the way has no id so far. */
function shown(value: Json): string {
  return value === null ? 'none' : (asRef(value) ?? valueText(value));
}
