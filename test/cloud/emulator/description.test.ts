import { expect, it } from 'vitest';
import { describedBy, type Exchange } from '../../support/cloud-description.ts';

/** A description of one operation: what the comparison in all other tests relies on must be able to fail. */
const thing = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'integer' }, note: { type: 'string', nullable: true }, at: { type: 'string', format: 'date-time' } },
};

const description = describedBy({
  components: {
    schemas: { thing },
    headers: { left: { schema: { type: 'integer' } } },
    responses: {
      thing: {
        headers: { 'ratelimit-remaining': { $ref: '#/components/headers/left' } },
        content: { 'application/json': { schema: { allOf: [{ $ref: '#/components/schemas/thing' }] } } },
      },
      gone: {},
    },
  },
  paths: {
    '/v2/things/{thing_id}': {
      put: {
        parameters: [{ in: 'path', name: 'thing_id', required: true, schema: { type: 'integer' } }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/thing' } } } },
        responses: { 200: { $ref: '#/components/responses/thing' }, 204: { $ref: '#/components/responses/gone' }, default: {} },
      },
    },
  },
});

const GOOD: Exchange = {
  method: 'PUT',
  url: new URL('http://127.0.0.1/v2/things/1'),
  request: { id: 1 },
  status: 200,
  headers: new Headers({ 'ratelimit-remaining': '1' }),
  answer: { id: 1, note: null, at: '2026-11-21T12:00:00Z' },
};

it('finds nothing wrong with an exchange that fits', () => {
  expect(description.mismatches(GOOD)).toEqual([]);
});

it('accepts a request that does not fit, when it was refused', () => {
  expect(description.mismatches({ ...GOOD, request: {}, status: 422, answer: undefined })).toEqual([]);
});

it.each([
  ['an answer with a value of another type', { answer: { id: '1' } }, /\/id must be integer/],
  ['an answer that lacks a field', { answer: {} }, /must have required property 'id'/],
  ['an answer with a time in another format', { answer: { id: 1, at: 'noon' } }, /\/at must match format/],
  ['an answer with a field that nobody documented', { answer: { id: 1, nome: 'x' } }, /nome is not documented/],
  ['an answer with a body where there is none', { status: 204 }, /expected no body/],
  ['an answer without a documented header', { headers: new Headers() }, /ratelimit-remaining is missing/],
  ['a body that was accepted and does not fit', { request: { id: 'x' } }, /\/id must be integer/],
  ['a path that was accepted and does not fit', { url: new URL('http://127.0.0.1/v2/things/x') }, /\/value must be integer/],
  ['a parameter that nobody documented', { url: new URL('http://127.0.0.1/v2/things/1?a=b') }, /parameter a is not documented/],
  ['an operation that nobody documented', { method: 'GET' }, /no such operation/],
])('finds %s', (_name, wrong, line) => {
  expect(description.mismatches({ ...GOOD, ...wrong }).join('\n')).toMatch(line);
});
