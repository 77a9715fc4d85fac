import { CELL_FAULTS, CELL_PHASES, CELL_TYPES, type Cell, type CellFault } from './fault-cells.ts';

/** A cell with what came of it. */
export interface PlayedCell {
  readonly cell: Cell;
  /** `ok`, or what is wrong. */
  readonly verdict: string;
  readonly took_ms: number;
}

/** A grid as text: types made and deleted downwards, faults across, and below it what is wrong in full. */
export function tableOf(played: readonly PlayedCell[]): string {
  const faults = Object.keys(CELL_FAULTS) as CellFault[];
  const rows = CELL_TYPES.flatMap((type) => CELL_PHASES.map((phase) => [type, phase] as const));
  const lines = rows.map(([type, phase]) => {
    const cells = faults.map((fault) => played.find(({ cell }) => cell.type === type && cell.phase === phase && cell.fault === fault));
    return [`${phase} ${type}`, ...cells.map(shown)];
  });
  const table = [['', ...faults], ...lines];
  const widths = table[0]?.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0))) ?? [];
  const wrong = played.filter(({ verdict }) => verdict !== 'ok').map(({ cell, verdict }) => `${cell.stack}: ${verdict}`);
  return [...table.map((line) => line.map((text, at) => text.padEnd(widths[at] ?? 0)).join('  ')), ...wrong].join('\n');
}

function shown(played: PlayedCell | undefined): string {
  if (!played) return '-';
  return `${played.verdict === 'ok' ? 'ok' : 'WRONG'} ${(played.took_ms / 1000).toFixed(0)} s`;
}
