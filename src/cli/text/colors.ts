import picocolors from 'picocolors';
import type { CliContext } from '../context.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours for a terminal; none with NO_COLOR, with TERM=dumb, or when piped (unless FORCE_COLOR). State is always a word too. */
export function colorsFor(context: Pick<CliContext, 'env' | 'tty'>): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = context.env;
  return picocolors.createColors(!NO_COLOR && (Boolean(FORCE_COLOR) || (context.tty && TERM !== 'dumb')));
}

const GREEN = new Set(['completed', 'in_sync']);
const RED = new Set(['failed', 'compensation_failed', 'halted', 'missing']);
const YELLOW = new Set([
  'paused',
  'retrying',
  'recovering',
  'compensating',
  'compensated',
  'rolled_back',
  'cancelled',
  'skipped',
  'waiting',
  'drifted',
  'unmanaged',
]);
const CYAN = new Set(['running', 'queued', 'sleeping']);

/** How a status word is coloured. */
export function statusPaint(colors: Colors, status: string): (text: string) => string {
  if (GREEN.has(status)) return colors.green;
  if (RED.has(status)) return colors.red;
  if (YELLOW.has(status)) return colors.yellow;
  return CYAN.has(status) ? colors.cyan : colors.dim;
}
