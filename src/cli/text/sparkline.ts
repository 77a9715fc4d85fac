const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII = '_.,-~=*#';

export interface SparklineOptions {
  /** Characters at most; a longer series is thinned out. Default 40. */
  readonly width?: number;
  /** Signs of ASCII instead of blocks. Default false. */
  readonly ascii?: boolean;
}

/** A series as one line of text, a character a value, from its smallest to its largest; empty for an empty series. */
export function sparkline(values: readonly number[], { width = 40, ascii = false }: SparklineOptions = {}): string {
  const shown = thinned(values, width);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const signs = ascii ? ASCII : BLOCKS;
  const sign = (value: number): string => signs[high > low ? Math.round(((value - low) / (high - low)) * (signs.length - 1)) : 3] ?? '';
  return shown.map(sign).join('');
}

/** Evenly spread over the series; the first and the last stay. */
function thinned(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, idx) => values[Math.round((idx * (values.length - 1)) / Math.max(1, width - 1))] ?? 0);
}
