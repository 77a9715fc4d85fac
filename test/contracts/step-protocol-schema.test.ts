import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { externalOutputFault } from '../../src/contracts/external-output.ts';
import { isMalformed, payloadConverter } from '../../src/contracts/payload-converter.ts';
import type { ExternalStepInput } from '../../src/contracts/step-protocol.ts';
import { STEP_PROTOCOL_SCHEMAS } from '../../src/contracts/step-protocol-schema.ts';
import { readStepVectors } from './step-vectors.ts';

const { 'step-input': input, 'step-output': output } = STEP_PROTOCOL_SCHEMAS;
const VECTORS = readStepVectors();

/** What comes out of a payload, as in a workflow. */
function received(text: string): unknown {
  return payloadConverter.fromPayload({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) });
}

it.each(Object.entries(STEP_PROTOCOL_SCHEMAS))(
  'the file of %s says what the code says; else: npm run build, scripts/make-schemas.mjs',
  (name, schema) => {
    const file = new URL(`../../workers/schemas/${name}.schema.json`, import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(schema))));
  },
);

describe('an answer of a worker', () => {
  it.each(VECTORS.filter((vector) => vector.expect.status !== undefined))('is taken as it is: $name', ({ text, expect: { status } }) => {
    expect(output.safeParse(received(text))).toMatchObject({ success: true, data: { status } });
    expect(externalOutputFault(received(text))).toBeNull();
  });

  it.each(VECTORS.filter((vector) => vector.expect.error !== undefined))('is refused: $name', ({ text }) => {
    expect(output.safeParse(received(text)).success).toBe(false);
  });

  it.each(VECTORS.filter((vector) => vector.expect.error === 'MALFORMED_RESULT'))('is refused by workflows too: $name', ({ text }) => {
    const value = received(text);
    expect(isMalformed(value) ? value.__malformed : externalOutputFault(value)).toMatch(/expected/);
  });
});

describe('when an answer was begun', () => {
  const begun = (started_at: unknown): object => ({ status: 'SUCCESS', result: null, worker_id: 'w', attempt: 1, started_at });

  it.each([
    '2027-01-31T08:00:00Z',
    '2028-02-29T23:59:59.123456789+14:00',
    '0001-01-02T00:00:00-23:59',
    '9999-12-30T00:00:00Z',
    '2027-02-29T08:00:00Z',
    '2027-13-01T08:00:00Z',
    '2027-01-00T08:00:00Z',
    '2027-01-31T24:00:00Z',
    '2027-01-31T08:60:00Z',
    '2027-01-31T08:00:00',
    '2027-01-31T08:00Z',
    '2027-01-31 08:00:00Z',
    '2027-01-31',
    '2027-01-31T08:00:00+1:00',
    'noon',
    '',
    '2027-01-31T08:00:00z',
    '2027-01-31T08:00:00+01',
    '2027-01-31T08:00:00.Z',
    '+012027-01-31T08:00:00Z',
    ' 2027-01-31T08:00:00Z',
    5,
    null,
    undefined,
    {},
  ])('is judged by workflows as by the schema: %j', (started_at) => {
    expect(externalOutputFault(begun(started_at)) === null).toBe(output.safeParse(begun(started_at)).success);
  });

  it.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-01:00'])(
    'is in a year that Postgres has, in any zone: %s is refused',
    (started_at) => {
      expect(externalOutputFault(begun(started_at))).toContain('started_at: expected a time');
    },
  );
});

describe('what a worker is given', () => {
  const first: ExternalStepInput = {
    protocol: 1,
    execution_id: 'blueprint-1',
    step_name: 'load',
    inputs: { region: 'eu' },
    needs: { transform: { rows: 3 } },
    idempotency_key: 'blueprint-1/root/2.0/do/0',
    resume: null,
    undo: null,
  };
  const decision = {
    decision: 'approved',
    by: 'ada',
    comment: null,
    decided_at: '2027-01-31T08:00:00.000Z',
    decision_id: 'd',
    timed_out: false,
  };

  it.each<[string, Partial<Record<keyof ExternalStepInput, unknown>>]>([
    ['at first', {}],
    ['after a sleep', { resume: [{ kind: 'sleep', data: null, slept_ms: 0 }] }],
    [
      'after a sleep and a decision',
      {
        resume: [
          { kind: 'sleep', data: { a: 1 }, slept_ms: 1500 },
          { kind: 'approval', decision },
        ],
      },
    ],
    [
      'after a decision that nobody made',
      { resume: [{ kind: 'approval', decision: { ...decision, decision: 'rejected', by: null, timed_out: true } }] },
    ],
    ['to take back what was done', { undo: { step: 'load', status: 'done', output: { rows: 3 } } }],
    ['to take back what nobody knows', { undo: { step: 'load', status: 'unknown', error: { code: 'TIMEOUT', message: 'late' } } }],
  ])('fits %s', (_, given) => {
    expect(input.parse({ ...first, ...given })).toEqual({ ...first, ...given });
  });

  it('fits as docs/step-workers.md shows it', () => {
    const page = readFileSync(new URL('../../docs/step-workers.md', import.meta.url), 'utf8');
    const shown: unknown = JSON.parse(/```json\n(\{[^`]*"protocol"[^`]*\})\n```/.exec(page)?.[1] ?? '');
    expect(input.safeParse(shown)).toMatchObject({ success: true, data: { step_name: 'load' } });
  });

  it.each<[string, Partial<Record<keyof ExternalStepInput, unknown>>]>([
    ['of another protocol', { protocol: 2 }],
    ['resumed from nothing', { resume: [] }],
    ['resumed from what is no suspension', { resume: [{ kind: 'nap', data: null, slept_ms: 0 }] }],
    ['needing a step of no name', { needs: { 'a step': 1 } }],
    ['with a decision that is none', { resume: [{ kind: 'approval', decision: { ...decision, decision: 'maybe' } }] }],
    ['that takes back a step still running', { undo: { step: 'load', status: 'running' } }],
  ])('does not fit %s', (_, given) => {
    expect(input.safeParse({ ...first, ...given }).success).toBe(false);
  });
});
