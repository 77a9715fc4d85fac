import { statusPaint, type Colors } from '../text/colors.ts';
import { plainLine } from '../text/plain.ts';
import { table, type Row } from '../text/table.ts';
import type { Graph, GraphNode } from './graph-model.ts';

/** The graph as a table in the order of the plan, and the way back below it. */
export function textGraph(graph: Graph, colors: Colors): string {
  const live = graph.nodes.some((node) => node.status !== null);
  const head = ['#', 'STEP', ...(live ? ['STATUS'] : []), 'AFTER', 'UNDO'];
  const rows = graph.nodes.map((node) => rowOf(graph, node, { live, colors }));
  return `${plainLine(graph.title, 80)}\n${table([head, ...rows])}`;
}

function rowOf(graph: Graph, node: GraphNode, { live, colors }: { readonly live: boolean; readonly colors: Colors }): Row {
  const status = node.status ?? '';
  const after = node.needs.map((need) => graph.nodes[need]?.name ?? String(need)).join(', ');
  return [
    String(node.idx),
    node.name,
    ...(live ? [{ text: status, paint: statusPaint(colors, status) }] : []),
    after,
    undoText(graph, node),
  ];
}

function undoText(graph: Graph, node: GraphNode): string {
  if (!node.undo) return '-';
  const next = graph.undo_path.filter(([from]) => from === node.idx).map(([, to]) => graph.nodes[to]?.name ?? String(to));
  return next.length === 0 ? 'yes' : `yes, then ${next.join(', ')}`;
}
