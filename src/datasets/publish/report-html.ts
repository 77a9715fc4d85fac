import { SPLIT_NAMES } from '../../contracts/dataset-build.ts';
import { datasetId } from '../../contracts/published-dataset.ts';
import { escapeHtml, htmlTable } from './html.ts';
import type { QualityCheck, QualityReport } from './report.ts';

/** Classes in the table of the page; all are in `report.json`. */
const CLASSES_MAX = 256;
const MARKS = { pass: '✓', warn: '!', fail: '✗' } as const;

/** The report as one page that needs nothing else: no scripts, no links, the contact sheet inside. */
export function reportPage(report: QualityReport, contactSheet: Uint8Array): string {
  const title = `Report on ${datasetId(report.dataset, report.version)}`;
  const sheet = Buffer.from(contactSheet).toString('base64');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p class="quiet">sha256 <code>${escapeHtml(report.sha256)}</code><br>made by run <code>${escapeHtml(report.created_by)}</code></p>
${tiles(report)}
<section><h2>Checks</h2>${checksTable(report.checks)}</section>
<section><h2>From source to dataset</h2>${stagesTable(report)}</section>
<section><h2>Classes</h2>${classesTable(report)}</section>
${conflicts(report)}
<section><h2>A look at the images</h2>
<img class="sheet" alt="Up to 10 images of each class, a row for each class" src="data:image/png;base64,${sheet}"></section>
</main>
</body>
</html>
`;
}

function tiles({ images, bytes, class_balance, duplicates, stages, checks }: QualityReport): string {
  const found = Object.values(stages)[0]?.in ?? images;
  const bad = checks.filter(({ status }) => status !== 'pass').length;
  const facts: [string, string][] = [
    ['images', whole(images)],
    ['classes', whole(class_balance.length)],
    ['items found', whole(found)],
    ['dropped', whole(found - images)],
    ['duplicates', `${whole(duplicates.exact)} exact, ${whole(duplicates.near)} near`],
    ['size', sizeText(bytes)],
    ['checks to look at', bad === 0 ? 'none' : `${bad} of ${checks.length}`],
  ];
  return `<dl class="tiles">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`;
}

function checksTable(checks: readonly QualityCheck[]): string {
  const rows = checks.map(({ name, status, value, expected }) => [
    escapeHtml(name),
    `<span class="${status}"><span aria-hidden="true">${MARKS[status]}</span> ${status}</span>`,
    escapeHtml(value),
    escapeHtml(expected),
  ]);
  return htmlTable('What was looked at', ['Check', 'Status', 'Value', 'Expected'], rows);
}

function stagesTable({ stages }: QualityReport): string {
  const rows = Object.entries(stages).map(([step, { in: came, out, dropped, reasons }]) => [
    escapeHtml(step),
    whole(came),
    whole(out),
    whole(dropped),
    bar(
      [
        { part: out, className: 'fill-train' },
        { part: dropped, className: 'fill-dropped' },
      ],
      came,
    ),
    Object.entries(reasons)
      .toSorted(([, a], [, b]) => b - a)
      .map(([code, count]) => `<code>${escapeHtml(code)}</code> ${whole(count)}`)
      .join('<br>') || '<span class="quiet">none</span>',
  ]);
  return htmlTable('Items that went in and came out of each stage', ['Stage', 'In', 'Out', 'Dropped', 'Kept', 'Reasons'], rows);
}

function classesTable({ class_balance: balance }: QualityReport): string {
  if (balance.length === 0) return '<p class="quiet">The images have no labels.</p>';
  const most = balance.reduce((max, { images }) => Math.max(max, images), 0);
  const rows = balance.slice(0, CLASSES_MAX).map((row) => [
    escapeHtml(row.class),
    ...SPLIT_NAMES.map((split) => whole(row[split])),
    whole(row.images),
    bar(
      SPLIT_NAMES.map((split) => ({ part: row[split], className: `fill-${split}` })),
      most,
    ),
  ]);
  const more = balance.length > CLASSES_MAX ? `<p class="quiet">and ${balance.length - CLASSES_MAX} more, in report.json</p>` : '';
  const legend = SPLIT_NAMES.map((split) => `<span class="key fill-${split}"></span>${split}`).join(' ');
  return `<p class="quiet legend" aria-hidden="true">${legend}</p>${htmlTable('Images of each class', ['Class', ...SPLIT_NAMES, 'all', 'Share'], rows)}${more}`;
}

function conflicts({ label_conflicts: { count, examples } }: QualityReport): string {
  if (count === 0) return '';
  const rows = examples.map(({ sha256, labels }) => [`<code>${escapeHtml(sha256.slice(0, 16))}</code>`, escapeHtml(labels.join(', '))]);
  const caption = count > examples.length ? `The first ${examples.length} of ${count}` : 'Images that came with different labels';
  return `<section><h2>Label conflicts</h2>${htmlTable(caption, ['Image', 'Labels'], rows)}</section>`;
}

/** The numbers stand beside it in the table. */
function bar(parts: readonly { readonly part: number; readonly className: string }[], all: number): string {
  const spans = parts.map(({ part, className }) => {
    const width = all === 0 ? 0 : (100 * part) / all;
    return `<span class="${className}" style="width:${width.toFixed(2)}%"></span>`;
  });
  return `<div aria-hidden="true" class="bar">${spans.join('')}</div>`;
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 2 ** (10 * power)).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #60646c; --line: #d9d9e0; --page: #fcfcfd; --card: #f0f0f3;
  --train: #3e63dd; --validation: #30a46c; --test: #f5a623; --dropped: #cdced6; --pass: #18794e; --warn: #915930; --fail: #c62a2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --quiet: #b0b4ba; --line: #363a3f; --page: #111113; --card: #212225;
  --dropped: #43484e; --pass: #3dd68c; --warn: #ffca16; --fail: #ff9592; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.75rem; overflow-wrap: anywhere; } h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
code { font-size: .85em; overflow-wrap: anywhere; } .quiet { color: var(--quiet); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; }
.tiles div { flex: 1 1 8rem; background: var(--card); border-radius: .5rem; padding: .6rem .8rem; }
dt { color: var(--quiet); font-size: .85rem; } dd { margin: 0; font-weight: 600; }
section { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); font-size: .9rem; padding-bottom: .4rem; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { font-size: .85rem; color: var(--quiet); font-weight: 600; } tbody th { font-weight: 500; overflow-wrap: anywhere; }
.pass { color: var(--pass); } .warn { color: var(--warn); font-weight: 600; } .fail { color: var(--fail); font-weight: 600; }
.bar { display: flex; min-width: 7rem; height: .7rem; margin-top: .4rem; }
.fill-train { background: var(--train); } .fill-validation { background: var(--validation); } .fill-test { background: var(--test); }
.fill-dropped { background: var(--dropped); }
.key { display: inline-block; width: .7rem; height: .7rem; margin: 0 .35rem 0 .75rem; } .legend .key:first-child { margin-left: 0; }
.sheet { max-width: 100%; height: auto; border-radius: .25rem; background: #fff; }
`;
