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
  const served = new Map(await Promise.all(Array.from({ length: AT_SOURCE }, async (_, at) => [pathOf(at), await drawn(at)])));
  const gate = new Gate();
  const server = createServer(({ url }, response) => {
    const body = served.get(url);
    if (body === undefined) response.writeHead(404).end();
    else gate.pass(() => response.end(body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return {
    env: { CEREBROS_DATASET_ROOTS: dir, CEREBROS_DATASET_ALLOW: host },
    gate,
    urls: Array.from({ length: AT_SOURCE }, (_, at) => `http://${host}${pathOf(at)}`),
    missing: Array.from({ length: 20 }, (_, at) => `http://${host}/none/${at}.png`),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function pathOf(at) {
  return `/class-${at % 2}/${at}.png`;
}

/** Holds answers back, and tells when there is one. */
class Gate {
  #held = [];
  #open = true;
  #knocked = () => undefined;

  pass(answer) {
    this.#knocked();
    if (this.#open) answer();
    else this.#held.push(answer);
  }

  /** Resolves at the first knock. */
  close() {
    this.#open = false;
    return new Promise((resolve) => (this.#knocked = resolve));
  }

  open() {
    this.#open = true;
    for (const answer of this.#held.splice(0)) answer();
  }
}

const FOLDER = { dataset: 'recorded', sources: [{ type: 'folder', path: 'images' }] };

/** Recipes by name, of the recorder's commands and looks at a run. */
export function datasetRecipes(recorder) {
  const { cerebros, start, source, dir } = recorder;
  const mapped = (id) => start('dataset-build', id, { ...FOLDER, dataset: id, label: { from: 'path', map_path: `${id}.json` } });
  return {
    'dataset-build-completed': (id) => start('dataset-build', id, FOLDER),
    'dataset-build-same-again': (id) => start('dataset-build', id, FOLDER),
    'dataset-build-halted': mapped,
    'dataset-build-recovered': async (id) => {
      await mapped(id);
      writeFileSync(join(dir, `${id}.json`), '{"class-0": "zero", "class-1": "one"}');
      await cerebros(['recover', id, '--from-step', 'label', '--wait']);
    },
    'dataset-build-rolled-back': async (id) => {
      await mapped(id);
      await cerebros(['rollback', id]);
    },
    'dataset-build-too-many-dropped': (id) =>
      start('dataset-build', id, { ...FOLDER, dataset: id, sources: [{ type: 'urls', urls: source.missing }] }),
    ...heldRecipes(recorder),
  };
}

/** What is done to a build while its source holds the answers back. */
function heldRecipes({ cerebros, closed, idle, source }) {
  const begin = async (id) => {
    const asked = source.gate.close();
    const input = { ...FOLDER, dataset: id, sources: [{ type: 'urls', urls: source.urls }], label: { from: 'path' } };
    await cerebros(['start', 'dataset-build', '--input', '-', '--id', id], input);
    await asked;
  };
  return {
    'dataset-build-cancelled': async (id) => {
      await begin(id);
      await cerebros(['cancel', id]);
      await closed(id);
      source.gate.open();
    },
    'dataset-build-halted-in-a-stage': async (id) => {
      await begin(id);
      await cerebros(['halt', id]);
      source.gate.open();
      await closed(id);
    },
    'dataset-build-paused-and-resumed': async (id) => {
      await begin(id);
      await cerebros(['pause', id]);
      source.gate.open();
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
