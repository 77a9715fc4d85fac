import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { leaderboard as leaderboardOf } from '../../client/leaderboard.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { usageError } from '../format-error.ts';
import { outputOf } from '../output.ts';
import { leaderboardCsv, leaderboardText } from '../text/leaderboard-text.ts';
import { useCerebros } from '../use-cerebros.ts';

export interface LeaderboardFlags extends GlobalFlags {
  readonly limit?: number;
  readonly csv?: string;
}

/** Rows that the text shows when it is not told; JSON and CSV have all. */
const ROWS_MAX = 100;

/** `leaderboard ID`: with `jsonl` a line for each row; with `--csv` a table for other programs instead. */
export async function leaderboard(this: CliContext, flags: LeaderboardFlags, id: string): Promise<void> {
  const output = outputOf(this, flags);
  const board = await useCerebros(this, flags, (cerebros) => leaderboardOf(cerebros, id, { limit: flags.limit }));
  const { csv, limit = ROWS_MAX } = flags;
  if (csv === '-') {
    this.process.stdout.write(leaderboardCsv(board));
  } else if (csv === undefined) {
    output.data(output.mode === 'jsonl' ? board.trials : board, () => leaderboardText(board, output.colors, limit));
  } else {
    await writeCsv(resolve(this.cwd, csv), csv, leaderboardCsv(board));
    output.data({ file: csv, rows: board.trials.length }, () => `${csv}: ${board.trials.length} trials`);
  }
}

async function writeCsv(path: string, name: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`--csv ${name}: expected a file that can be written, but ${why}`, 'give another path, or - for standard output');
  });
}
