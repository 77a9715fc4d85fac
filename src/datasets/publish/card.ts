import { SPLIT_NAMES, type ImageSource, type StageCounts } from '../../contracts/dataset-build.ts';
import { datasetId, type PublishedDataset } from '../../contracts/published-dataset.ts';

/** `README.md` of a version: what it is, who may use it, how it was made and how it is read. */
export function datasetCard(published: PublishedDataset, stages: { readonly [step: string]: StageCounts }): string {
  const { name, version, sha256, images, classes, spec, created_by } = published;
  return `# ${datasetId(name, version)}

${spec.description.trim() || 'No description was given.'}

| | |
| --- | --- |
| Licence | ${cell(spec.licence)} |
| Images | ${images} |
| Classes | ${classes.length === 0 ? 'none: the images have no labels' : classes.length} |
| Pixels | ${pixelsText(published)} |
| SHA-256 | \`${sha256}\` |
| Made by run | \`${created_by}\` |

## Splits

${splitsTable(published)}

## How it was made

From ${spec.sources.length === 1 ? 'one source' : `${spec.sources.length} sources`}; where each image was found is in \`sources.jsonl\`.

${spec.sources.map((source) => `- ${sourceText(source)}`).join('\n')}

${stagesTable(stages)}

Images were put into splits with seed ${spec.seed}, where no source said which. Equal files are one image${nearText(spec.deduplicate.near_threshold)}.
\`report.html\` shows the checks and a look at the images, \`dataset.json\` has the whole input.

## How to read it

\`\`\`python
${pythonSnippet(name, version)}
\`\`\`

With Cerebros: \`"dataset_name": "${datasetId(name, version)}"\` in the input of a training-run.
`;
}

/** Five lines that go through the images; \`ARTIFACTS\` is the folder that has \`datasets/\` and \`sha256/\`. */
function pythonSnippet(name: string, version: number): string {
  return `import json, pathlib
from PIL import Image
root = pathlib.Path("ARTIFACTS")  # the folder that has datasets/ and sha256/
for row in map(json.loads, open(root / "datasets/${name}/${version}/manifest.jsonl", encoding="utf-8")):
    print(row["split"], row["label"], Image.open(root / row["file"]).size)`;
}

function pixelsText({ pixels }: PublishedDataset): string {
  if (!pixels) return 'none: no shape was asked for, and the images do not share one of at most 256 × 256';
  const { width, height, channels } = pixels;
  return `${width} × ${height}, ${channels === 1 ? 'grey' : 'RGB'}, as IDX in \`pixels/\`, in the order of the manifest`;
}

function splitsTable({ classes, counts }: PublishedDataset): string {
  const rows = classes.map((label) => [label, ...SPLIT_NAMES.map((split) => counts[split].classes[label] ?? 0)]);
  return markdownTable(['Class', ...SPLIT_NAMES], [...rows, ['all', ...SPLIT_NAMES.map((split) => counts[split].images)]]);
}

function stagesTable(stages: { readonly [step: string]: StageCounts }): string {
  const rows = Object.entries(stages).map(([step, { in: came, out, dropped, reasons }]) => [
    step,
    came,
    out,
    dropped,
    Object.entries(reasons)
      .toSorted(([, a], [, b]) => b - a)
      .map(([code, count]) => `${code} ${count}`)
      .join(', '),
  ]);
  return markdownTable(['Stage', 'In', 'Out', 'Dropped', 'Why'], rows);
}

function markdownTable(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [columns, columns.map(() => '---'), ...rows.map((row) => row.map(cell))];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function sourceText(source: ImageSource): string {
  if (source.type === 'idx') return `idx ${cell(source.images)}`;
  if (source.type === 'urls' && source.path === undefined) return `${source.urls?.length ?? 0} URLs`;
  return `${source.type} ${cell(source.path ?? '')}`;
}

function nearText(threshold: number | null): string {
  return threshold === null
    ? ''
    : `, and so are those that look the same, with perceptual hashes that differ in at most ${threshold} of 256 bits`;
}

/** Text of people in a line of Markdown: no line breaks, no HTML, no cell's end. */
function cell(text: string | number): string {
  return String(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ');
}
