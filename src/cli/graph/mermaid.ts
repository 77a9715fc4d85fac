import { plainLine } from '../text/plain.ts';
import type { Graph, GraphNode } from './graph-model.ts';

const CLASSES: Readonly<Record<string, string>> = {
  completed: 'fill:#d5f5d5,stroke:#2e7d32,color:#000',
  running: 'fill:#d5e8fb,stroke:#1565c0,color:#000',
  failed: 'fill:#fbd5d5,stroke:#c62828,color:#000',
  undone: 'fill:#fff3cd,stroke:#8a6d00,color:#000',
  pending: 'fill:#f2f2f2,stroke:#757575,color:#000',
};

/** A mermaid flowchart: solid arrows for needs, dotted ones for the way back, the status as a word and a colour. */
export function mermaid(graph: Graph): string {
  const undoable = graph.nodes.filter((node) => node.undo).length;
  const lines = [
    'flowchart TD',
    `  accTitle: ${escape(graph.title)}`,
    `  accDescr: ${graph.nodes.length} steps, ${undoable} with an undo; dotted arrows show the order of undoing`,
    ...graph.nodes.map((node) => `  s${node.idx}["${labelOf(node)}"]`),
    ...graph.nodes.flatMap((node) => node.needs.map((need) => `  s${need} --> s${node.idx}`)),
    ...graph.undo_path.map(([from, to]) => `  s${from} -. undo .-> s${to}`),
    ...classLines(graph.nodes),
  ];
  return lines.join('\n');
}

function labelOf({ idx, name, undo, status }: GraphNode): string {
  return [`${idx} ${escape(name)}`, ...(status === null ? [] : [status.replaceAll('_', ' ')]), ...(undo ? ['has an undo'] : [])].join(
    '<br/>',
  );
}

/** Mermaid reads `#name;` as an entity; everything it could take for syntax becomes one. */
function escape(text: string): string {
  return [...plainLine(text, 200)].map((char) => (/[\p{L}\p{N} ._-]/u.test(char) ? char : `#${char.codePointAt(0) ?? 63};`)).join('');
}

function classLines(nodes: readonly GraphNode[]): string[] {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (node.status === null) continue;
    const name = classOf(node.status);
    groups.set(name, [...(groups.get(name) ?? []), node]);
  }
  return [...groups].flatMap(([name, members]) => [
    `  classDef ${name} ${CLASSES[name] ?? ''}`,
    `  class ${members.map((node) => `s${node.idx}`).join(',')} ${name}`,
  ]);
}

function classOf(status: string): string {
  if (status === 'completed' || status === 'skipped') return 'completed';
  if (status === 'failed' || status === 'compensation_failed') return 'failed';
  if (status === 'compensating' || status === 'compensated' || status === 'cancelled') return 'undone';
  return status === 'pending' || status === 'queued' ? 'pending' : 'running';
}
