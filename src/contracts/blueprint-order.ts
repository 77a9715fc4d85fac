import type { BlueprintStep } from './blueprint.ts';
import { nearest } from './nearest.ts';

/** What is wrong with the names and needs of steps, and where below `steps`. */
export interface OrderIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Step = Pick<BlueprintStep, 'name' | 'needs'>;

/** More names than this no message lists. */
const NAMES_SHOWN = 12;

/** Double names, needs that name no other step, and, when there are none of those, a cycle; at most ten. */
export function orderIssues(steps: readonly Step[]): readonly OrderIssue[] {
  const issues = [...doubleNames(steps), ...wrongNeeds(steps)];
  const cycle = issues.length === 0 ? findCycle(steps) : undefined;
  if (!cycle) return issues.slice(0, 10);
  const message = `expected needs without a cycle, got ${shown(cycle, ' → ')} (each needs the next); take one of these needs out`;
  return [{ path: [], message }];
}

/** The same steps with each behind all that it needs, and otherwise in their order. The needs must have no issue. */
export function inOrderOfNeeds<S extends Step>(steps: readonly S[]): S[] {
  const placed = new Set<string>();
  const ordered: S[] = [];
  let left = [...steps];
  while (left.length > 0) {
    const next = left.find(({ needs = [] }) => needs.every((need) => placed.has(need)));
    if (!next) throw new Error('expected needs without a cycle: orderIssues comes first');
    placed.add(next.name);
    ordered.push(next);
    left = left.filter((step) => step !== next);
  }
  return ordered;
}

function doubleNames(steps: readonly Step[]): OrderIssue[] {
  return steps.flatMap(({ name }, idx) => {
    const first = steps.findIndex((step) => step.name === name);
    const message = `expected a name of its own for each step, got "${name}", which steps[${first}] has; rename one`;
    return first < idx ? [{ path: [idx, 'name'], message }] : [];
  });
}

function wrongNeeds(steps: readonly Step[]): OrderIssue[] {
  const names = [...new Set(steps.map((step) => step.name))];
  return steps.flatMap(({ name, needs = [] }, idx) =>
    needs.flatMap((need, at) => {
      const wrong = wrongNeed(need, { name, others: names.filter((other) => other !== name), twice: needs.indexOf(need) < at });
      return wrong === undefined ? [] : [{ path: [idx, 'needs', at], message: wrong }];
    }),
  );
}

interface Needing {
  readonly name: string;
  readonly others: readonly string[];
  readonly twice: boolean;
}

function wrongNeed(need: string, { name, others, twice }: Needing): string | undefined {
  if (need === name) return `expected another step, got "${need}", the step itself; take it out`;
  if (twice) return `expected each need once, got "${need}" twice; take one out`;
  if (others.includes(need)) return undefined;
  const meant = nearest(need, others);
  const expected = `expected the name of another step, got "${need}"`;
  if (others.length === 0) return `${expected}; there are no other steps; take it out`;
  const cure = meant === undefined ? 'name one of them, or take it out' : `did you mean "${meant}"?`;
  return `${expected}; the other steps are ${shown(others, ', ')}; ${cure}`;
}

/** The names around a cycle, the first of them again at its end. */
function findCycle(steps: readonly Step[]): string[] | undefined {
  const stuck = withoutLeaves(steps);
  const path: string[] = [];
  let name = stuck.keys().next().value;
  while (name !== undefined && !path.includes(name)) {
    path.push(name);
    name = stuck.get(name)?.find((need) => stuck.has(need));
  }
  return name === undefined ? undefined : [...path.slice(path.indexOf(name)), name];
}

/** The needs of the steps that can never start: those in a cycle, and those that need one of them. */
function withoutLeaves(steps: readonly Step[]): Map<string, readonly string[]> {
  const left = new Map(steps.map(({ name, needs = [] }) => [name, needs]));
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [name, needs] of left) if (!needs.some((need) => left.has(need))) left.delete(name);
  }
  return left;
}

function shown(names: readonly string[], between: string): string {
  if (names.length <= NAMES_SHOWN) return names.join(between);
  return [...names.slice(0, NAMES_SHOWN - 1), `… (${names.length - NAMES_SHOWN} more)`, names.at(-1)].join(between);
}
