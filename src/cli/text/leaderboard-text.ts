import type { BestSoFar, Leaderboard, LeaderboardRow } from '../../client/leaderboard.ts';
import { statusPaint, type Colors } from './colors.ts';
import { csv } from './csv.ts';
import { plainLine } from './plain.ts';
import { sparkline } from './sparkline.ts';
import { table, type Row } from './table.ts';
import { trialsLine } from './trials-line.ts';

/** Learning curves that the text draws. */
const CURVES = 5;

/** A leaderboard for people, in 80 columns: at most `limit` rows, how the best came about, and the learning curves of the first five. */
export function leaderboardText(board: Leaderboard, colors: Colors, limit: number): string {
  const { search_id, status, counts, trials } = board;
  const head = [table([[search_id, { text: status, paint: statusPaint(colors, status) }]]), plainLine(trialsLine({ counts }), 80)];
  if (trials.length === 0) return head.join('\n');
  const rows = trials.slice(0, limit).map((trial): Row => rowOf(trial, colors));
  const rest = trials.length - rows.length;
  const ascii = !colors.isColorSupported;
  return [
    ...head,
    '',
    table([['RANK', 'TRIAL', 'VALUE', 'EPOCHS', 'PARAMS', 'STATUS', 'CONFIGURATION'], ...rows]),
    ...(rest > 0 ? [`… ${rest} more`] : []),
    ...bestSoFarText(board.best_so_far, ascii),
    ...curvesText(board, ascii),
  ].join('\n');
}

/** All rows of a leaderboard as CSV, with a header; the parameters are the last columns, `params.<name>` each. */
export function leaderboardCsv({ trials }: Leaderboard): string {
  const names = [...new Set(trials.flatMap(({ params }) => Object.keys(params)))];
  const header = [...COLUMNS, 'error_code', 'error_message', ...names.map((name) => `params.${name}`)];
  const rows = trials.map((trial) => [
    ...COLUMNS.map((column) => trial[column]),
    trial.error?.code,
    trial.error?.message,
    ...names.map((name) => (Object.hasOwn(trial.params, name) ? trial.params[name] : undefined)),
  ]);
  return csv([header, ...rows]);
}

const COLUMNS = [
  'rank',
  'number',
  'status',
  'value',
  'epochs',
  'param_count',
  'weights_sha256',
  'engine',
  'started_at',
  'completed_at',
] as const satisfies readonly (keyof LeaderboardRow)[];

function rowOf(trial: LeaderboardRow, colors: Colors): Row {
  const { rank, number, value, epochs, param_count, status, error, params } = trial;
  const configuration = Object.entries(params).map(([name, set]) => `${name}=${shortValue(set)}`);
  return [
    rank === null ? '-' : String(rank),
    String(number),
    value === null ? '-' : value.toFixed(4),
    String(epochs),
    String(param_count),
    { text: status, paint: statusPaint(colors, status) },
    error ? `${error.code}: ${error.message}` : configuration.join(' '),
  ];
}

/** A drawn learning rate has 17 digits, of which a person reads three. */
function shortValue(value: string | number | boolean): string {
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(3))) : String(value);
}

function bestSoFarText(points: readonly BestSoFar[], ascii: boolean): string[] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return [];
  const line = sparkline(
    points.map(({ value }) => value),
    { ascii },
  );
  return ['', `best so far  ${line}  ${first.value.toFixed(4)} to ${last.value.toFixed(4)}`];
}

function curvesText({ trials, curves }: Leaderboard, ascii: boolean): string[] {
  const rows = trials.slice(0, CURVES).flatMap(({ number }): Row[] => {
    const points = curves.find(({ trial }) => trial === number)?.epochs ?? [];
    const accuracies = points.flatMap(({ validation_accuracy }) => validation_accuracy ?? []);
    const [first, last] = [accuracies[0], accuracies.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [[`trial ${number}`, sparkline(accuracies, { ascii }), `${first.toFixed(4)} to ${last.toFixed(4)}`]];
  });
  return rows.length === 0 ? [] : ['', 'validation accuracy by epoch', table(rows)];
}
