// Writes workers/schemas/*.schema.json from the zod schemas of the contract. Run it after `npm run build` when they have changed; a
// test says when the files have drifted.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { STEP_PROTOCOL_SCHEMAS } from '../dist/contracts/step-protocol-schema.js';
import { TRAIN_RUNG_SCHEMAS } from '../dist/contracts/train-rung-schema.js';

const root = new URL('../', import.meta.url);
const files = Object.entries({ ...TRAIN_RUNG_SCHEMAS, ...STEP_PROTOCOL_SCHEMAS }).map(([name, schema]) => {
  const file = fileURLToPath(new URL(`workers/schemas/${name}.schema.json`, root));
  writeFileSync(file, JSON.stringify(z.toJSONSchema(schema), null, 2));
  return file;
});

const { status } = spawnSync('npx', ['oxfmt', ...files], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
