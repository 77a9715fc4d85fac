import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { TRAIN_RUNG_SCHEMAS } from '../../src/contracts/train-rung-schema.ts';

test.each(Object.entries(TRAIN_RUNG_SCHEMAS))(
  'the file of %s says what the code says; else: npm run build, scripts/make-schemas.mjs',
  (name, schema) => {
    const file = new URL(`../../workers/schemas/${name}.schema.json`, import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(schema))));
  },
);
