// The recorded builds of datasets, from a folder and from a source that holds its answers until told.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';

const SIDE = 16;
const IN_FOLDER = 60;
/** Five batches, one more than are under way at a time. */
const AT_SOURCE = 250;

/** Images of their own, the same at every recording. */
function drawn(seed) {
  let state = seed + 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  const pixels = Buffer.from(Array.from({ length: SIDE * SIDE }, () => next() % 256));
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
    .png()
    .toBuffer();
}

/** Makes the folder and opens the source; `env` is what a worker must be told. */
export async function openImageSource(dir) {
  for (let at = 0; at < IN_FOLDER; at += 1) {
    const place = join(dir, 'images', `class-${at % 2}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${at}.png`), await drawn(at));
  }
  let held = [];
  let open = true;
  let asked = () => undefined;
  const server = createServer(async ({ url }, response) => {
    const number = /^\/class-\d\/(\d+)\.png$/.exec(url)?.[1];
    if (number === undefined) return response.writeHead(404).end();
    const body = await drawn(Number(number));
    asked();
    if (open) response.end(body);
    else held.push(() => response.end(body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return {
    env: { CEREBROS_DATASET_ROOTS: dir, CEREBROS_DATASET_ALLOW: host },
    urls: (count) => Array.from({ length: count }, (_, at) => `http://${host}/class-${at % 2}/${at}.png`),
    missing: (count) => Array.from({ length: count }, (_, at) => `http://${host}/none/${at}.png`),
    /** Holds all answers; resolves when it is asked. */
    hold: () => {
      open = false;
      return new Promise((resolve) => (asked = resolve));
    },
    release: () => {
      open = true;
      for (const answer of held) answer();
      held = [];
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Recipes by name, of the recorder's commands and looks at a run. */
export function datasetRecipes({ cerebros, closed, idle, start, source, dir }) {
  const folder = { dataset: 'recorded', sources: [{ type: 'folder', path: 'images' }] };
  const mapped = (id) => ({ ...folder, dataset: id, label: { from: 'path', map_path: `${id}.json` } });
  const held = (id) => ({ ...folder, dataset: id, sources: [{ type: 'urls', urls: source.urls(AT_SOURCE) }], label: { from: 'path' } });
  const begin = async (id) => {
    const asked = source.hold();
    await cerebros(['start', 'dataset-build', '--input', '-', '--id', id], held(id));
    await asked;
  };
  return {
    'dataset-build-completed': (id) => start('dataset-build', id, folder),
    'dataset-build-same-again': (id) => start('dataset-build', id, folder),
    'dataset-build-halted': (id) => start('dataset-build', id, mapped(id)),
    'dataset-build-recovered': async (id) => {
      await start('dataset-build', id, mapped(id));
      writeFileSync(join(dir, `${id}.json`), '{"class-0": "zero", "class-1": "one"}');
      await cerebros(['recover', id, '--from-step', 'label', '--wait']);
    },
    'dataset-build-rolled-back': async (id) => {
      await start('dataset-build', id, mapped(id));
      await cerebros(['rollback', id]);
    },
    'dataset-build-too-many-dropped': (id) =>
      start('dataset-build', id, { ...folder, dataset: id, sources: [{ type: 'urls', urls: source.missing(20) }] }),
    'dataset-build-cancelled': async (id) => {
      await begin(id);
      await cerebros(['cancel', id]);
      await closed(id);
      source.release();
    },
    'dataset-build-halted-in-a-stage': async (id) => {
      await begin(id);
      await cerebros(['halt', id]);
      source.release();
      await closed(id);
    },
    'dataset-build-paused-and-resumed': async (id) => {
      await begin(id);
      await cerebros(['pause', id]);
      source.release();
      await idle(`${id}.download`);
      await cerebros(['resume', id]);
      await closed(id);
    },
  };
}

/** Stages that the builds above ran, by their ids. */
export const DATASET_CHILDREN = {
  'dataset-stage-download': 'dataset-build-completed.download',
  'dataset-stage-validate': 'dataset-build-completed.validate',
  'dataset-stage-too-many-dropped': 'dataset-build-too-many-dropped.download',
  'dataset-stage-cancelled': 'dataset-build-cancelled.download',
  'dataset-stage-halted': 'dataset-build-halted-in-a-stage.download',
  'dataset-stage-paused-and-resumed': 'dataset-build-paused-and-resumed.download',
};
