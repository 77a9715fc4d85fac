import type { DriftReport, FieldDiff } from '../../contracts/drift.ts';
import type { Json } from '../../contracts/ledger.ts';
import { statusPaint, type Colors } from './colors.ts';
import { table, type Row } from './table.ts';

/** A line for each resource and, where there are more, for each further difference; empty when there is none. */
export function driftTable(
  resources: readonly DriftReport[],
  { colors, width }: { readonly colors: Colors; readonly width: number },
): string {
  if (resources.length === 0) return '';
  const rows = resources.flatMap((report): Row[] => {
    const [first = '', ...more] = detailsOf(report);
    const verdict = { text: report.verdict, paint: statusPaint(colors, report.verdict) };
    return [[report.resource, verdict, first], ...more.map((detail): Row => ['', '', detail])];
  });
  return table([['RESOURCE', 'VERDICT', 'DESIRED → ACTUAL'], ...rows], width);
}

function detailsOf({ verdict, name, diff, reason }: DriftReport): readonly string[] {
  if (reason !== null) return [reason];
  return verdict === 'unmanaged' ? [name] : diff.flatMap(diffLines);
}

/** `size: s-1vcpu-1gb → s-2vcpu-2gb`; of a list what it lacks and what is in it too much, each by itself. */
export function diffLines({ field, desired, actual }: FieldDiff): readonly string[] {
  if (!Array.isArray(desired) || !Array.isArray(actual)) return [`${field}: ${valueText(desired)} → ${valueText(actual)}`];
  const [wanted, there] = [desired.map(valueText), actual.map(valueText)];
  const lacking = wanted.filter((item) => !there.includes(item)).map((item) => `${field}: lacks ${item}`);
  const extra = there.filter((item) => !wanted.includes(item)).map((item) => `${field}: has ${item} too much`);
  return [...lacking, ...extra];
}

/** A rule of a firewall in words, anything else as it is written. */
export function valueText(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('protocol' in value)) return JSON.stringify(value);
  const { protocol, ports, sources, destinations } = value;
  const targets = (word: string, lists: Json | undefined): string =>
    lists === undefined
      ? ''
      : ` ${word} ${
          Object.values(lists ?? {})
            .flat()
            .map(valueText)
            .join(', ') || 'nowhere'
        }`;
  return `${valueText(protocol ?? null)} ${valueText(ports ?? null)}${targets('from', sources)}${targets('to', destinations)}`;
}
