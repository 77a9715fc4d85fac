import type { DatasetItem, Drop, LabelRules } from '../contracts/dataset-build.ts';
import { nearest } from '../contracts/nearest.ts';
import { DatasetError } from './errors.ts';

/** From a label as found to the label in the dataset; null drops the image. */
export type LabelMap = NonNullable<LabelRules['map']>;

/** The label of an item, null in a dataset without labels; or why the item is dropped. */
export type Labelled = { readonly label: string | null } | { readonly drop: Drop };

/** Labels an item by the rule, and then by the map if there is one. */
export function labelOf(
  item: Pick<DatasetItem, 'uri' | 'from' | 'label'>,
  rules: Pick<LabelRules, 'from'>,
  map: LabelMap | undefined,
): Labelled {
  if (rules.from === 'none') return { label: null };
  const found = { given: item.label, path: folderOf(item), given_or_path: item.label ?? folderOf(item) }[rules.from];
  if (found === null) return drop('UNLABELLED', `Expected a label (label.from is ${rules.from}), got none for ${item.uri}.`);
  // Names in Unicode may be spelled in two ways that look the same.
  const label = found.normalize('NFC');
  const fault = faultOf(label);
  if (fault !== undefined) return drop('UNLABELLED', `Expected a label of 1 to ${MAX_LABEL_CHARS} characters, got ${fault}.`);
  return map === undefined ? { label } : mapped(label, map);
}

/** Reads a label map from JSON, as `{"7": "seven", "junk": null}`. Throws as `checkedLabelMap`. */
export function parseLabelMap(json: string): LabelMap {
  const value = parsed(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DatasetError('LABEL_MAP', `Expected a label map like {"cat": "animal", "junk": null}, got ${kindOf(value)}.`);
  }
  return checkedLabelMap(value);
}

/**
 * A label map in one spelling of Unicode, which is that of the labels it is asked for.
 *
 * @throws DatasetError `LABEL_MAP` that says what is wrong where.
 */
export function checkedLabelMap(given: object): LabelMap {
  const entries = Object.entries(given).map(([found, label]) => [found.normalize('NFC'), checkedLabel(found, label)] as const);
  const map = Object.fromEntries(entries);
  if (Object.keys(map).length < entries.length) {
    throw new DatasetError(
      'LABEL_MAP',
      'Expected each label once in the label map, got one in two spellings that Unicode holds for equal.',
    );
  }
  return map;
}

const MAX_LABEL_CHARS = 200;

/** The name of the folder an item is in, null when it is in none: at the top of an archive or host, or in an IDX file. */
function folderOf({ uri, from }: Pick<DatasetItem, 'uri' | 'from'>): string | null {
  if (from !== null && 'url' in from) return decoded(parentName(new URL(from.url).pathname));
  return from !== null && 'blob' in from ? parentName(IN_ARCHIVE.exec(uri)?.[1] ?? '') : parentName(uri);
}

/** The name of an entry behind that of its archive, whose URL may have a query. A folder may end in `!` too. */
const IN_ARCHIVE = /\.(?:zip|tar|tar\.gz|tgz)(?:[?#].*?)?!\/(.*)$/is;

function parentName(path: string): string | null {
  const name = path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .at(-2);
  return name === undefined || name === '..' ? null : name;
}

function decoded(name: string | null): string | null {
  try {
    return name === null ? null : decodeURIComponent(name);
  } catch {
    return name;
  }
}

function mapped(found: string, map: LabelMap): Labelled {
  const label = Object.hasOwn(map, found) ? map[found] : undefined;
  if (label === null) return drop('LABEL_DROPPED', `The label map drops ${JSON.stringify(found)}.`);
  if (label !== undefined) return { label };
  const near = nearest(found, Object.keys(map));
  const hint = near === undefined ? '' : ` (it has ${JSON.stringify(near)})`;
  return drop('LABEL_NOT_IN_MAP', `Expected a label of the label map, got ${JSON.stringify(found)}${hint}; add it, with null to drop it.`);
}

function faultOf(label: string): string | undefined {
  if (label.trim() === '') return 'an empty one';
  if (label.length > MAX_LABEL_CHARS) return `${label.length}`;
  // A lone surrogate, half of a character, is in no UTF-8.
  return /[\p{Cc}\p{Cs}]/u.test(label) ? `control characters in ${JSON.stringify(label)}` : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json.replace(/^\ufeff/, ''));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DatasetError('LABEL_MAP', `Expected a label map in JSON, got text that is none (${reason}).`, { cause });
  }
}

function checkedLabel(found: string, label: unknown): string | null {
  if (label === null) return null;
  const fault = typeof label === 'string' ? faultOf(label) : kindOf(label);
  if (typeof label === 'string' && fault === undefined) return label.normalize('NFC');
  const wanted = `a label of 1 to ${MAX_LABEL_CHARS} characters, or null to drop the image`;
  throw new DatasetError('LABEL_MAP', `Label map, ${JSON.stringify(found)}: expected ${wanted}, got ${fault}.`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function drop(code: string, message: string): Labelled {
  return { drop: { code, message } };
}
