import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitClosed } from '../../src/client/wait.ts';
import type { DownloadLine, ValidateLine } from '../../src/contracts/dataset-build.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { startFaultyServer, type FaultyReply, type FaultyServer } from '../datasets/fetch/faulty-server.ts';
import { pngClaiming } from '../datasets/images/crafted-images.ts';
import { tarBytes } from '../datasets/support/tar-bytes.ts';
import { zipBytes, type ZipEntry } from '../datasets/support/zip-bytes.ts';
import { filesBelow, jsonLines, resultOf, startDatasetWorld, type DatasetWorld } from '../support/dataset-world.ts';
import { drawnPng } from '../support/drawn-images.ts';
import { startImageSource, type ImageSource } from '../support/image-source.ts';

// What builds must not take, each as one item of one build, or as a source of its own.

let world: DatasetWorld;
let faulty: FaultyServer;
/** On this machine, and on no list. */
let inside: ImageSource;
let run: SagaRun;

interface Item {
  readonly what: string;
  /** Its line in the manifest; `/`-paths are of the faulty server. */
  readonly line: string;
  readonly reply?: () => FaultyReply;
  readonly stage: 'download' | 'validate';
  readonly code: string;
  /** What the reason says. */
  readonly says: RegExp;
}

const MAX_BYTES = 512 * 1024;
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><script>alert(1)</script></svg>';
const url = (path: string): string => JSON.stringify({ url: path });

const ITEMS: readonly Item[] = [
  { what: 'a file of the machine', line: url('file:///etc/passwd'), stage: 'download', code: 'FORBIDDEN_SCHEME', says: /file:/ },
  {
    what: "the cloud's metadata",
    line: url('http://169.254.169.254/latest/meta-data/'),
    stage: 'download',
    code: 'FORBIDDEN_ADDRESS',
    says: /169\.254\.169\.254/,
  },
  {
    what: 'a redirect to a port of this machine',
    line: url('/redirect.png'),
    reply: () => ({ status: 302, headers: { location: inside.url('/secret.png') } }),
    stage: 'download',
    code: 'FORBIDDEN_ADDRESS',
    says: /127\.0\.0\.1.*redirect/,
  },
  { what: 'plain http to others', line: url('http://example.org/1.png'), stage: 'download', code: 'FORBIDDEN_SCHEME', says: /https/ },
  {
    what: 'a body without end',
    line: url('/endless.png'),
    reply: () => ({ fault: 'endless' }),
    stage: 'download',
    code: 'TOO_LARGE',
    says: new RegExp(`at most ${MAX_BYTES} bytes`),
  },
  {
    what: 'a length that lies',
    line: url('/short.png'),
    reply: () => ({ body: drawnPng(2), fault: 'short' }),
    stage: 'download',
    code: 'LENGTH_MISMATCH',
    says: /bytes/,
  },
  {
    what: 'other content than was promised',
    line: JSON.stringify({ url: '/other.png', sha256: 'ab'.repeat(32) }),
    reply: () => ({ body: drawnPng(3) }),
    stage: 'download',
    code: 'HASH_MISMATCH',
    says: /abab/,
  },
  { what: 'a line that is no JSON', line: '{"url": ', stage: 'download', code: 'MANIFEST_LINE', says: /all\.jsonl line 8/ },
  { what: 'a line without a place', line: '{"label": "x"}', stage: 'download', code: 'MANIFEST_LINE', says: /line 9.*either url or path/ },
  {
    what: 'a path out of its folder',
    line: '{"path": "../outside/1.png"}',
    stage: 'download',
    code: 'FORBIDDEN_PATH',
    says: /leads out of its folder/,
  },
  {
    what: 'a PNG of 40,000 by 40,000',
    line: url('/huge.png'),
    reply: () => ({ body: pngClaiming(40_000, 40_000) }),
    stage: 'validate',
    code: 'TOO_MANY_PIXELS',
    says: /40000×40000/,
  },
  {
    what: 'an SVG with a script',
    line: url('/drawing.svg'),
    reply: () => ({ body: SVG }),
    stage: 'validate',
    code: 'FORMAT_NOT_ALLOWED',
    says: /svg/i,
  },
  {
    what: 'HTML that is called PNG',
    line: url('/page.png'),
    reply: () => ({ body: '<!doctype html><title>Sign in</title>' }),
    stage: 'validate',
    code: 'FORMAT_NOT_ALLOWED',
    says: /html/i,
  },
];

const ENTRIES: readonly (ZipEntry & { readonly code: string })[] = [
  { name: '../up.png', content: drawnPng(4), code: 'FORBIDDEN_PATH' },
  { name: '/etc/cron.d/job.png', content: drawnPng(5), code: 'FORBIDDEN_PATH' },
  { name: 'link.png', content: Buffer.from('/etc/passwd'), mode: 0o120777, code: 'NOT_A_FILE' },
];

beforeAll(async () => {
  [faulty, inside] = await Promise.all([startFaultyServer(), startImageSource()]);
  world = await startDatasetWorld({ allow: [faulty.host] });
  const { root, outside } = world;
  for (const { line, reply } of ITEMS) if (reply) faulty.on(pathIn(line), reply());
  faulty.on('/good.png', { body: drawnPng(1) });
  inside.serve('/secret.png', drawnPng(6));
  const lines = [...ITEMS.map(({ line }) => line), url('/good.png')].map((line) => line.replace('"url":"/', `"url":"${faulty.url('/')}`));
  writeFileSync(join(root, 'all.jsonl'), `${lines.join('\n')}\n`);
  writeFileSync(join(root, 'all.zip'), zipBytes(ENTRIES));
  writeFileSync(join(outside, 'secret.png'), drawnPng(7));
  mkdirSync(join(root, 'linked'));
  symlinkSync(join(outside, 'secret.png'), join(root, 'linked', 'secret.png'));
  symlinkSync(outside, join(root, 'way-out'));
  run = await world.build('refusing', {
    dataset: 'refusing',
    sources: [
      { type: 'manifest', path: 'all.jsonl', label: 'drawn' },
      { type: 'archive', path: 'all.zip' },
      { type: 'folder', path: 'linked' },
    ],
    download: { max_retries: 0, max_bytes: MAX_BYTES, max_failed_fraction: 1 },
    validate: { max_failed_fraction: 1 },
  });
});
afterAll(async () => {
  await world.stop();
  await Promise.all([faulty.close(), inside.close()]);
});

const pathIn = (line: string): string => /"(\/[^"]+)"/.exec(line)?.[1] ?? '';

function dropOf(stage: 'download' | 'validate', n: number): unknown {
  const lines = jsonLines<DownloadLine | ValidateLine>(join(world.artifactsDir, 'runs', 'refusing', stage, 'b00000.jsonl'));
  const line = lines.find((one) => one.n === n);
  return line && 'drop' in line ? line.drop : line;
}

describe('a build', () => {
  it.each(ITEMS.map((item, n) => ({ ...item, n })))('drops $what with the code $code', ({ n, stage, code, says }) => {
    expect(dropOf(stage, n)).toEqual({ code, message: expect.stringMatching(says) as string });
  });

  it.each(ENTRIES.map(({ name, code }, at) => ({ name, code, n: ITEMS.length + 1 + at })))(
    'drops the entry $name of an archive with the code $code',
    ({ n, code }) => expect(dropOf('download', n)).toMatchObject({ code }),
  );

  it('drops a link that leads out of the roots', () => {
    expect(dropOf('download', ITEMS.length + 1 + ENTRIES.length)).toMatchObject({ code: 'FORBIDDEN_PATH' });
  });

  it('publishes what is left, counts each reason in its report, and has asked nothing of what is inside', () => {
    const { images, stages, report_json } = resultOf(run);
    expect(images).toBe(1);
    const codes = [...ITEMS.map(({ code }) => code), ...ENTRIES.map(({ code }) => code), 'FORBIDDEN_PATH'];
    const counts = Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((one) => one === code).length]));
    expect({ ...stages['download']?.reasons, ...stages['validate']?.reasons }).toEqual(counts);
    const report = readFileSync(join(world.artifactsDir, report_json), 'utf8');
    for (const code of codes) expect(report).toContain(`"${code}"`);
    expect(inside.asked()).toEqual([]);
    expect(filesBelow(world.artifactsDir).filter((file) => file.endsWith('up.png') || file.endsWith('job.png'))).toEqual([]);
  });
});

const ZEROS = Buffer.alloc(1024 * 1024);

const SOURCES = [
  { what: 'a folder outside the roots', source: { type: 'folder', path: '../outside' }, code: 'FORBIDDEN_PATH' },
  { what: 'a link to a folder outside the roots', source: { type: 'folder', path: 'way-out' }, code: 'FORBIDDEN_PATH' },
  { what: 'an archive outside the roots', source: { type: 'archive', path: '/etc/all.zip' }, code: 'FILE_MISSING' },
  { what: 'a zip bomb', source: { type: 'archive', path: 'bomb.zip' }, code: 'ARCHIVE_BOMB' },
  { what: 'a tar that is damaged', source: { type: 'archive', path: 'cut.tar' }, code: 'ARCHIVE_DAMAGED' },
  { what: 'an archive of another hash', source: { type: 'archive', path: 'all.zip', sha256: 'ab'.repeat(32) }, code: 'HASH_MISMATCH' },
  { what: 'a manifest inside', source: { type: 'manifest', path: 'http://127.0.0.1:1/all.jsonl' }, code: 'FORBIDDEN_ADDRESS' },
] as const;

describe('a build of a source that is refused as a whole', () => {
  beforeAll(async () => {
    const bomb = Array.from({ length: 110 }, (_, idx) => ({ name: `${idx}.png`, content: ZEROS, deflate: true }));
    writeFileSync(join(world.root, 'bomb.zip'), zipBytes(bomb));
    writeFileSync(join(world.root, 'cut.tar'), (await tarBytes([{ name: '1.png', content: drawnPng(1) }])).subarray(0, 700));
    const download = { max_retries: 0 };
    await Promise.all(SOURCES.map(({ source }, idx) => world.start(`refused-${idx}`, { dataset: 'refused', sources: [source], download })));
  });

  it.each(SOURCES.map((one, idx) => ({ ...one, id: `refused-${idx}` })))(
    'halts at once, of $what with the code $code',
    async ({ id, code }) => {
      const halted = await waitClosed(world.cerebros, id);
      expect(halted).toMatchObject({ status: 'halted', current_step_idx: 0 });
      expect(halted.steps[0]?.error).toMatchObject({ code });
    },
  );
});
