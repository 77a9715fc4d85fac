import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { SPLIT_NAMES, type SplitName } from '../../contracts/dataset-build.ts';

/** A line of a manifest. */
export interface ManifestRow {
  /** One of `url` and `path` is there. */
  readonly url?: string | undefined;
  readonly path?: string | undefined;
  readonly label?: string | undefined;
  readonly split?: SplitName | undefined;
  readonly sha256?: string | undefined;
}

const LABEL = 'expected a text of 1 to 200 characters';
const text = z.string().max(4096).optional();

const rowSchema = z
  .object({
    url: text,
    path: text,
    // Digits are labels too.
    label: z
      .union([z.string().min(1, LABEL).max(200, LABEL), z.int()], LABEL)
      .transform(String)
      .optional(),
    split: z.enum(SPLIT_NAMES as readonly [SplitName, ...SplitName[]]).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'expected 64 hex digits')
      .toLowerCase()
      .optional(),
  })
  .refine(({ url, path }) => (url === undefined) !== (path === undefined), 'expected either url or path');

/** The row in a line, or what is wrong with it: what was expected and what came. Other columns are left alone; empty is as absent. */
export function manifestRow(values: unknown): ManifestRow | { readonly problem: string } {
  const given = values !== null && typeof values === 'object' ? withoutEmpty(values) : values;
  const { success, data, error } = rowSchema.safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  const column = issue?.path[0];
  const got = column === undefined ? given : (given as Readonly<Record<PropertyKey, unknown>>)[column];
  const where = column === undefined ? '' : `${String(column)}: `;
  return { problem: `${where}${lowerFirst(issue?.message ?? 'expected a row')}, got ${shown(got)}` };
}

/** The cells of a line of CSV, quotes taken off, or null when its quotes are wrong. */
export function csvCells(line: string): readonly string[] | null {
  try {
    const [cells] = parse(line, { trim: true });
    return cells ?? [];
  } catch {
    return null;
  }
}

function withoutEmpty(values: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== null));
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200);
}
