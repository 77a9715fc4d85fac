import { cut, plainLine } from './plain.ts';

/** A cell: its text, and how it is coloured once it has its width. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export type Row = readonly (string | Cell)[];

const GAP = 2;
const NARROWEST = 8;

/** Rows in aligned columns that fit the width; the widest columns are cut first. Text from elsewhere is made safe. */
export function table(rows: readonly Row[], width = 80): string {
  const cells = rows.map((row) => row.map(toCell));
  const widths = fit(naturalWidths(cells), width);
  return cells.map((row) => line(row, widths)).join('\n');
}

function toCell(cell: string | Cell): Cell {
  const { text, paint } = typeof cell === 'string' ? { text: cell, paint: undefined } : cell;
  const safe = plainLine(text, 1000);
  return paint ? { text: safe, paint } : { text: safe };
}

function naturalWidths(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) for (const [idx, cell] of row.entries()) widths[idx] = Math.max(widths[idx] ?? 0, [...cell.text].length);
  return widths;
}

function fit(widths: number[], width: number): number[] {
  const fitted = [...widths];
  const room = (): number => width - fitted.reduce((sum, one) => sum + one, 0) - GAP * (fitted.length - 1);
  while (room() < 0) {
    const widest = Math.max(...fitted);
    if (widest <= NARROWEST) break;
    fitted[fitted.lastIndexOf(widest)] = widest - 1;
  }
  return fitted;
}

function line(row: readonly Cell[], widths: readonly number[]): string {
  const painted = row.map((cell, idx) => {
    const text = cut(cell.text, widths[idx] ?? 0);
    const padding = idx === row.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[idx] ?? 0) - [...text].length));
    return `${cell.paint ? cell.paint(text) : text}${padding}`;
  });
  return painted.join(' '.repeat(GAP)).trimEnd();
}
