import type { CliContext } from '../context.ts';
import { cut } from './plain.ts';

// oxlint-disable-next-line no-control-regex -- our own colours
const COLOUR = /\u001b\[[0-9;]*m/g;

/** A block of lines on a terminal that is drawn over itself; never higher than the screen, never wider. */
export interface LiveScreen {
  draw(text: string): void;
}

export function liveScreen({ process, size }: Pick<CliContext, 'process' | 'size'>): LiveScreen {
  let drawn = 0;
  let last = '';
  return {
    draw: (text) => {
      if (text === last) return;
      last = text;
      const { columns, rows } = size();
      const lines = text
        .split('\n')
        .slice(0, Math.max(1, rows - 1))
        .map((line) => fitLine(line, columns));
      // Up over what was drawn, then erase to the end of the screen.
      const back = drawn > 0 ? `\u001b[${drawn}A\r\u001b[J` : '';
      process.stdout.write(`${back}${lines.join('\n')}\n`);
      drawn = lines.length;
    },
  };
}

/** A line that wraps would take two rows; too long, it loses its colours before its end. */
function fitLine(line: string, columns: number): string {
  const bare = line.replaceAll(COLOUR, '');
  return [...bare].length <= columns ? line : cut(bare, columns);
}
