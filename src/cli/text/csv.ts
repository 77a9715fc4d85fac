import { plain } from './plain.ts';

type Value = string | number | boolean | null | undefined;

/** Rows as CSV (RFC 4180, lines end with a newline); null and undefined are empty cells. Text from elsewhere is made safe for a terminal. */
export function csv(rows: readonly (readonly Value[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(value: Value): string {
  const text = plain(String(value ?? ''));
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
