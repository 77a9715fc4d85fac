import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonbSafe, jsonbText } from '../../src/ledger/jsonb-safe.ts';

test('leaves a value without NUL and lone surrogates as it is', () => {
  const value = { a: ['\u{1F600}', '\\u0000', null, 1, true], b: {} };
  expect(jsonbSafe(value)).toEqual(value);
  expect(JSON.parse(jsonbText(value))).toEqual(value);
});

test('the text is that of the safe value, for any JSON, and holds nothing that jsonb refuses', () => {
  const anything = fc.jsonValue({
    maxDepth: 3,
    stringUnit: fc.mapToConstant({ num: 0x10000, build: (code) => String.fromCharCode(code) }),
  });
  fc.assert(
    fc.property(anything, (value) => {
      const text = jsonbText(value);
      expect(text).toBe(JSON.stringify(jsonbSafe(value)));
      expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
    }),
  );
});
