import type { CliContext, GlobalFlags, OutputMode } from './context.ts';
import { colorsFor, type Colors } from './text/colors.ts';

/** What a command says: data on stdout, talk on stderr. */
export interface Output {
  readonly mode: OutputMode;
  readonly colors: Colors;
  /** The command's answer: the value as JSON (with `jsonl` one line for each item of a list), or the text. */
  data(value: unknown, text: () => string): void;
  /** One of many answers, as they come: a JSON document a line, or the text. */
  item(value: unknown, text: () => string): void;
  /** Talk, for people only. */
  note(message: string): void;
  /** Talk that matters in every mode. */
  warn(message: string): void;
}

export function outputOf(context: CliContext, flags: GlobalFlags): Output {
  const mode = flags.output ?? defaultMode(context);
  const { stdout, stderr } = context.process;
  const colors = colorsFor(context);
  return {
    mode,
    colors,
    data: (value, text) => stdout.write(`${mode === 'text' ? text() : asJson(value, mode)}\n`),
    item: (value, text) => stdout.write(`${mode === 'text' ? text() : toJson(value)}\n`),
    note: (message) => void (mode === 'text' && message !== '' && stderr.write(`${message}\n`)),
    warn: (message) => stderr.write(mode === 'text' ? `warning: ${message}\n` : `${toJson({ warning: message })}\n`),
  };
}

/** Text on a terminal, JSON for everything else. */
export function defaultMode(context: Pick<CliContext, 'tty'>): OutputMode {
  return context.tty ? 'text' : 'json';
}

/** The mode asked for, read before the command line is parsed, so that faults of the command line come out in it too. */
export function modeFromArguments(args: readonly string[], context: Pick<CliContext, 'tty'>): OutputMode {
  for (const [idx, arg] of args.entries()) {
    if (arg === '--') break;
    const value = /^(?:--output|-o)=(.*)$/.exec(arg)?.[1] ?? (arg === '--output' || arg === '-o' ? args[idx + 1] : undefined);
    if (value === 'json' || value === 'jsonl' || value === 'text') return value;
  }
  return defaultMode(context);
}

function asJson(value: unknown, mode: OutputMode): string {
  if (mode === 'jsonl') return Array.isArray(value) ? value.map((item) => toJson(item)).join('\n') : toJson(value);
  return toJson(value, 2);
}

/** JSON that is safe in a terminal: the control characters that JSON allows are escaped too. */
export function toJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  return text.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
