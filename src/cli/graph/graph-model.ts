import type { SagaRun, StepStatus } from '../../contracts/ledger.ts';
import { needsByIndex, type Plan } from '../../contracts/plan.ts';

/** A step in a graph. */
export interface GraphNode {
  readonly idx: number;
  readonly name: string;
  readonly needs: readonly number[];
  /** Is there an undo for it? */
  readonly undo: boolean;
  /** Null for a plan. */
  readonly status: StepStatus | null;
}

/** What `graph` draws: the steps, what they need, and the way back. */
export interface Graph {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  /** From a step with an undo to those that are undone next. */
  readonly undo_path: readonly (readonly [from: number, to: number])[];
}

/** The graph of a plan, or, with a run, of its steps as they stand. */
export function graphOf(title: string, plan: Plan, run?: SagaRun): Graph {
  const needs = needsByIndex(plan);
  const nodes = plan.steps.map((step, idx): GraphNode => {
    const row = run?.steps.find((one) => one.step_idx === idx);
    return {
      idx,
      name: step.name,
      needs: row?.needs ?? needs[idx] ?? [],
      undo: step.undo !== undefined,
      status: row?.status ?? (run ? 'pending' : null),
    };
  });
  return { title, nodes, undo_path: undoPath(nodes) };
}

/** Each step with an undo leads back to the nearest steps before it that have one. */
function undoPath(nodes: readonly GraphNode[]): [number, number][] {
  const nearest: Set<number>[] = [];
  for (const node of nodes) {
    const before = new Set<number>();
    for (const need of node.needs) for (const idx of nodes[need]?.undo ? [need] : (nearest[need] ?? [])) before.add(idx);
    nearest.push(before);
  }
  return nodes.flatMap((node) => (node.undo ? [...(nearest[node.idx] ?? [])].map((to): [number, number] => [node.idx, to]) : []));
}
