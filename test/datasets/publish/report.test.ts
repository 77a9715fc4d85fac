import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeVersion } from '../../../src/datasets/publish/prepare.ts';
import type { QualityReport } from '../../../src/datasets/publish/report.ts';
import { drawn, drawnRows, prepared, stages } from './drawn-rows.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'cerebros-report-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const EVIL = '<script>alert(1)</script>"\'&\u0000';

async function reportOf(changes: Partial<Awaited<ReturnType<typeof prepared>>> = {}, rows = drawnRows(folder, 60)): Promise<QualityReport> {
  await writeVersion({ ...(await prepared(folder, await rows)), ...changes }, 1);
  return JSON.parse(await readFile(join(folder, 'prepared', 'report.json'), 'utf8')) as QualityReport;
}

function statusOf({ checks }: QualityReport, name: string): string | undefined {
  return checks.find((check) => check.name === name)?.status;
}

describe('the quality report', () => {
  it('of a sound dataset passes all checks and has the counts of every stage', async () => {
    const report = await reportOf();
    expect(report.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(report).toMatchObject({
      dataset: 'shapes',
      version: 1,
      images: 60,
      stages: stages(60),
      duplicates: { exact: 0, near: 0 },
      class_balance: [
        { class: 'left', images: 30, train: 18, validation: 6, test: 6 },
        { class: 'right', images: 30, train: 18, validation: 6, test: 6 },
      ],
    });
  });

  it.each([
    ['between two stages', { in: 60, out: 59, dropped: 1, reasons: { BLANK: 1 }, bytes: 1 }],
    ['within a stage', { in: 61, out: 60, dropped: 0, reasons: {}, bytes: 1 }],
    ['without a reason', { in: 61, out: 60, dropped: 1, reasons: {}, bytes: 1 }],
  ])('fails when images were lost %s', async (_, validate) => {
    const before = { download: { in: 64, out: validate.in, dropped: 64 - validate.in, reasons: { HTTP_404: 64 - validate.in }, bytes: 1 } };
    const report = await reportOf({
      build: { stages: { ...stages(60), ...before, validate }, label_conflicts: [], comparisons_left_out: 0 },
    });
    expect(report.checks.filter(({ status }) => status === 'fail').map(({ name, value }) => [name, value])).toEqual([
      ['counts of the stages', 'validate does not add up'],
    ]);
  });

  it('warns of many duplicates, of conflicts and of much that was dropped', async () => {
    const half = { in: 200, out: 60, dropped: 140, reasons: { DUPLICATE: 100, NEAR_DUPLICATE: 40 }, bytes: 1 };
    const kept = { in: 200, out: 200, dropped: 0, reasons: {}, bytes: 1 };
    const build = {
      stages: { ...stages(60), download: kept, validate: kept, deduplicate: half },
      label_conflicts: Array.from({ length: 30 }, (_, n) => ({ sha256: `${n}`, labels: ['a', 'b'] })),
      comparisons_left_out: 7,
    };
    const report = await reportOf({ build });
    for (const name of ['share of duplicates', 'comparisons of much alike images left out', 'label conflicts', 'share of items dropped'])
      expect(statusOf(report, name), name).toBe('warn');
    expect(report.duplicates).toEqual({ exact: 100, near: 40 });
    expect([report.label_conflicts.count, report.label_conflicts.examples.length]).toEqual([30, 20]);
  });

  it.each([
    ['splits without images', [{ n: 0 }, { n: 1 }]],
    ['classes missing from a split', [{ n: 0 }, { n: 1 }]],
    ['images of the smallest class', [{ n: 0 }, { n: 1 }]],
    ['classes', [{ n: 0 }, { n: 2 }]],
    ['largest class over smallest', Array.from({ length: 12 }, (_, n) => ({ n, label: n === 0 ? 'rare' : 'usual' }))],
  ])('warns: %s', async (name, drawings) => {
    expect(statusOf(await reportOf({}, Promise.all(drawings.map((one) => drawn(folder, one)))), name)).toBe('warn');
  });
});

async function pageOf(): Promise<string> {
  const rows = (await drawnRows(folder, 12)).map((row) => ({ ...row, label: row.label === 'left' ? EVIL : 'right' }));
  const dataset = await prepared(folder, rows);
  const build = {
    stages: { [EVIL]: { in: 1, out: 0, dropped: 1, reasons: { [EVIL]: 1 }, bytes: 0 } },
    label_conflicts: [{ sha256: EVIL, labels: [EVIL] }],
    comparisons_left_out: 0,
  };
  await writeVersion({ ...dataset, build, published: { ...dataset.published, created_by: EVIL } }, 1);
  return readFile(join(folder, 'prepared', 'report.html'), 'utf8');
}

describe('the page', () => {
  it('shows what people wrote as text, and runs and loads nothing', async () => {
    const page = await pageOf();
    expect(page).not.toMatch(/<script| on\w+=|javascript:|url\(/i);
    expect(page).not.toContain('\u0000');
    expect(page.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&amp;/g)?.length).toBeGreaterThanOrEqual(5);
    expect(page.match(/(?:src|href)="(?!data:image\/png;base64,)/g)).toBeNull();
    expect(page).toContain("default-src 'none'");
  });

  it('has tables with captions and headers, a language and a text for its picture', async () => {
    const page = await pageOf();
    const tables = page.match(/<table>/g)?.length;
    expect(tables).toBe(4);
    expect(page.match(/<table><caption>[^<]+<\/caption><thead><tr><th scope="col">/g)).toHaveLength(4);
    expect(page).toMatch(/<html lang="en">[^]*<img class="sheet" alt="[^"]+"/);
    expect(page.match(/<tr>(?!<th scope)/g)).toBeNull();
  });
});

describe('the contact sheet', () => {
  it('has a row for each class with at most 10 images', async () => {
    const { sheet } = await prepared(folder, await drawnRows(folder, 30));
    expect(await sharp(sheet).metadata()).toMatchObject({ format: 'png', width: 184 + 10 * 78 + 6, height: 6 + 2 * 78 });
  });

  it('shows at most 24 classes', async () => {
    const rows = (await drawnRows(folder, 40)).map((row, n) => ({ ...row, label: `${EVIL} ${n}` }));
    const { sheet } = await prepared(folder, rows);
    expect((await sharp(sheet).metadata()).height).toBe(6 + 24 * 78 + 36);
  });
});
