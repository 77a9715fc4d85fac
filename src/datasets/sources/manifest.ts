import { dirname, join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { type TextLine, textLines } from '../text-lines.ts';
import { nameRefusal, plainName } from './entry-name.ts';
import { isUrl, localCopy } from './local-copy.ts';
import { csvCells, manifestRow } from './manifest-row.ts';
import { type FoundItem, refused, type SourceContext } from './source.ts';
import { urlItem } from './urls.ts';

const MAX_LINE_BYTES = 64 * 1024;
const COLUMNS = 'url or path, and optionally label, split, sha256';

/** The value in a line, or null when it cannot be read. */
type LineReader = (text: string) => { readonly [column: string]: unknown } | null;

/**
 * The images of a manifest in JSONL or CSV, one a line (so quoted cells have no line breaks in them); a bad line is an item with a
 * drop. Relative paths are below the manifest's folder, or below its URL.
 *
 * @throws DatasetError `MANIFEST_TYPE`, `MANIFEST_COLUMNS`, or as `localCopy`.
 */
export async function* manifestItems(path: string, context: SourceContext): AsyncGenerator<FoundItem> {
  const isCsv = manifestType(path) === 'csv';
  const lines = textLines(await localCopy(path, context), { maxLineBytes: MAX_LINE_BYTES, signal: context.signal });
  try {
    yield* linesItems(lines, { path, isCsv }, context);
  } finally {
    // One that is refused for its header would stay open.
    await lines.return(undefined);
  }
}

async function* linesItems(
  lines: AsyncGenerator<TextLine>,
  { path, isCsv }: { readonly path: string; readonly isCsv: boolean },
  context: SourceContext,
): AsyncGenerator<FoundItem> {
  const expected = isCsv ? 'as many cells as the header has' : 'a JSON object';
  const read = isCsv ? csvReader(path, (await lines.next()).value) : readJson;
  for await (const { number, text } of lines) {
    if (text?.trim() === '') continue;
    const where = `${path} line ${number}`;
    const values = text === null ? null : read(text);
    const got = text === null ? `more than ${MAX_LINE_BYTES} bytes` : JSON.stringify(text.slice(0, 200));
    yield values === null ? badLine(where, `expected ${expected}, got ${got}`) : await rowItem(values, { path, where }, context);
  }
}

function manifestType(path: string): 'csv' | 'jsonl' {
  const name = isUrl(path) ? new URL(path).pathname : path;
  const type = /\.(csv|jsonl)$/i.exec(name)?.[1]?.toLowerCase();
  if (type !== 'csv' && type !== 'jsonl')
    throw new DatasetError('MANIFEST_TYPE', `Expected a manifest that ends in .jsonl or .csv, got ${path}.`);
  return type;
}

function csvReader(path: string, header: TextLine | undefined): LineReader {
  const columns = csvCells(header?.text ?? '') ?? [];
  if (!columns.includes('url') && !columns.includes('path')) {
    const got = JSON.stringify((header?.text ?? '').slice(0, 200));
    throw new DatasetError('MANIFEST_COLUMNS', `${path} line 1: expected the columns ${COLUMNS}, got ${got}.`);
  }
  return (text) => {
    const cells = csvCells(text);
    return cells?.length === columns.length ? Object.fromEntries(columns.map((column, index) => [column, cells[index]])) : null;
  };
}

function readJson(text: string): ReturnType<LineReader> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function badLine(where: string, problem: string): FoundItem {
  return refused(where, 'MANIFEST_LINE', `${where}: ${problem}`);
}

interface Place {
  /** Of the manifest. */
  readonly path: string;
  readonly where: string;
}

async function rowItem(values: object, place: Place, context: SourceContext): Promise<FoundItem> {
  const row = manifestRow(values);
  if ('problem' in row) return badLine(place.where, row.problem);
  const { url, path = '', label, split, sha256 } = row;
  const item = url === undefined ? await pathItem(path, place, context) : urlItem(url, place.where);
  return { ...item, label, split, sha256 };
}

async function pathItem(path: string, { path: manifest, where }: Place, context: SourceContext): Promise<FoundItem> {
  const why = nameRefusal(path);
  if (why !== null) return refused(where, 'FORBIDDEN_PATH', `${where}: ${why}`);
  const name = plainName(path);
  if (isUrl(manifest)) return urlItem(new URL(name.split('/').map(encodeURIComponent).join('/'), manifest).href, where);
  const uri = join(dirname(manifest), name);
  try {
    return { uri, from: { file: await context.roots.real(uri) } };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    // A file that is not there yet may be when it is read, or when that is tried again.
    return error.code === 'FILE_MISSING'
      ? { uri, from: { file: context.roots.resolve(uri) } }
      : refused(uri, error.code, `${where}: ${error.message}`);
  }
}
