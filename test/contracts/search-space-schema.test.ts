import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { explainIssues } from '../../src/client/explain-issues.ts';
import { searchSpaceSchema } from '../../src/contracts/search-space-schema.ts';

const inputSchema = z.object({ search_space: searchSpaceSchema });

function refusal(search_space: unknown): string {
  const input = { search_space };
  const { error } = inputSchema.safeParse(input);
  return error === undefined ? 'accepted' : explainIssues(error, input);
}

const depth = { type: 'int', low: 1, high: 3 };
const op = { type: 'categorical', choices: ['conv', 'dense'] };
const kernel = { type: 'categorical', choices: [3, 5] };
const width = { type: 'int', low: 8, high: 50, step: 8 };
const PARAMETER = 'expected a parameter as {"type": "int", "low": 8, "high": 64}';

const faults: readonly (readonly [string, unknown, string])[] = [
  ['no object', [], 'search_space: expected parameters as {"width": {"type": "int", "low": 8, "high": 64}}, got []'],
  ['nothing in it', {}, 'search_space: expected 1 to 100 parameters, got 0'],
  [
    'too much in it',
    Object.fromEntries(Array.from({ length: 101 }, (_, idx) => [`x${idx}`, depth])),
    'search_space: expected 1 to 100 parameters, got 101',
  ],
  ['an unknown type', { x: { type: 'flot', low: 0, high: 1 } }, 'search_space.x.type: expected categorical, int or float, got "flot"'],
  ['no type', { x: { low: 0, high: 1 } }, 'search_space.x.type: expected categorical, int or float, got nothing'],
  ['a parameter that is none', { x: 5 }, `search_space.x: ${PARAMETER}, got 5`],
  ['an unknown key', { x: { ...depth, hihg: 4 } }, 'search_space.x: expected only type, low, high, step, log, when, got "hihg"'],
  [
    'a step of a float',
    { x: { type: 'float', low: 0, high: 1, step: 0.5 } },
    'search_space.x: expected only type, low, high, log, when, got "step"',
  ],
  ['a missing bound', { x: { type: 'int', low: 1 } }, 'search_space.x.high: expected a whole number, got nothing'],
  ['a broken int', { x: { type: 'int', low: 1.5, high: 3 } }, 'search_space.x.low: expected a whole number, got 1.5'],
  ['text for a number', { x: { type: 'float', low: '0', high: 1 } }, 'search_space.x.low: expected a number from -1e100 to 1e100, got "0"'],
  [
    'infinity',
    { x: { type: 'float', low: 0, high: Infinity } },
    'search_space.x.high: expected a number from -1e100 to 1e100, got Infinity',
  ],
  ['bounds the wrong way round', { x: { type: 'float', low: 2, high: 1 } }, 'search_space.x.high: expected at least low (2), got 1'],
  ['a step of 0', { x: { ...depth, step: 0 } }, 'search_space.x.step: expected a whole number of at least 1, got 0'],
  ['log from 0 on', { x: { type: 'float', low: 0, high: 1, log: true } }, 'search_space.x.low: expected more than 0 with log, got 0'],
  ['log of ints from 0 on', { x: { type: 'int', low: 0, high: 9, log: true } }, 'search_space.x.low: expected at least 1 with log, got 0'],
  [
    'step with log',
    { x: { type: 'int', low: 1, high: 9, log: true, step: 2 } },
    'search_space.x.step: expected no step together with log, got 2',
  ],
  ['log that is no boolean', { x: { ...depth, log: 'yes' } }, 'search_space.x.log: expected true or false, got "yes"'],
  ['no choices', { x: { type: 'categorical', choices: [] } }, 'search_space.x.choices: expected at least one choice, got none'],
  [
    'one choice twice',
    { x: { type: 'categorical', choices: ['a', 1, 'a'] } },
    'search_space.x.choices[2]: expected different choices, got "a" again',
  ],
  [
    'a choice that is no value',
    { x: { type: 'categorical', choices: [null] } },
    'search_space.x.choices[0]: expected a string of at most 1,000 characters, a finite number or a boolean, got null',
  ],
  [
    'choices that are no list',
    { x: { type: 'categorical', choices: 'a' } },
    'search_space.x.choices: expected a list of choices as ["relu", "tanh"], got "a"',
  ],
  [
    'a name of digits',
    { 1: depth },
    'search_space.1: expected a name that begins with a letter, of letters, digits, "_", "." or "-", at most 100, got "1"',
  ],
  [
    'when with a name that is not there',
    { depth, op, kernel: { ...kernel, when: { dept: 2 } } },
    'search_space.kernel.when.dept: expected an earlier parameter (depth, op), got "dept"',
  ],
  [
    'when with a later name',
    { kernel: { ...kernel, when: { op: 'conv' } }, op },
    'search_space.kernel.when.op: expected an earlier parameter (this is the first), got "op"',
  ],
  [
    'when with its own name',
    { op: { ...op, when: { op: 'conv' } } },
    'search_space.op.when.op: expected an earlier parameter (this is the first), got "op"',
  ],
  [
    'when with no choice',
    { op, kernel: { ...kernel, when: { op: 'con' } } },
    'search_space.kernel.when.op: expected a value that op can have ("conv", "dense"), got "con"',
  ],
  [
    'when with a value in a list',
    { op, kernel: { ...kernel, when: { op: ['conv', 'x'] } } },
    'search_space.kernel.when.op[1]: expected a value that op can have ("conv", "dense"), got "x"',
  ],
  [
    'when beyond an int',
    { depth, kernel: { ...kernel, when: { depth: 4 } } },
    'search_space.kernel.when.depth: expected a value that depth can have (1 to 3), got 4',
  ],
  [
    'when between steps',
    { width, kernel: { ...kernel, when: { width: 50 } } },
    'search_space.kernel.when.width: expected a value that width can have (8 to 50 in steps of 8), got 50',
  ],
  [
    'when with text for an int',
    { depth, kernel: { ...kernel, when: { depth: '2' } } },
    'search_space.kernel.when.depth: expected a value that depth can have (1 to 3), got "2"',
  ],
  [
    'when with an empty list',
    { op, kernel: { ...kernel, when: { op: [] } } },
    'search_space.kernel.when.op: expected a value, or a list of values, got []',
  ],
  [
    'when on a float',
    { lr: { type: 'float', low: 0, high: 1 }, kernel: { ...kernel, when: { lr: 0.5 } } },
    'search_space.kernel.when.lr: expected a categorical or int parameter, got the float "lr"',
  ],
];

describe('a search space', () => {
  it.each(faults)('with %s is refused with its path, what was expected and what came', (_, space, message) => {
    expect(refusal(space)).toBe(message);
  });

  it('says all of its faults', () => {
    const space = { a: { type: 'int', low: 3, high: 1 }, b: { type: 'int', low: 0, high: 1, log: true } };
    expect(refusal(space)).toBe(
      'search_space.a.high: expected at least low (3), got 1\nsearch_space.b.low: expected at least 1 with log, got 0',
    );
  });

  it('comes out as it went in, in its order', () => {
    const space = {
      depth: { type: 'int', low: 1, high: 3 },
      width: { type: 'int', low: 8, high: 50, step: 8 },
      batch: { type: 'int', low: 16, high: 256, log: true },
      fixed: { type: 'float', low: 0.5, high: 0.5 },
      op: { type: 'categorical', choices: ['conv', 'dense', 3, true], when: { depth: [2, 3] } },
      kernel: { type: 'categorical', choices: [3, 5], when: { op: 'conv', depth: 3 } },
      lr: { type: 'float', low: 1e-5, high: 0.1, log: true },
    };
    const parsed = searchSpaceSchema.parse(space);
    expect(parsed).toEqual(space);
    expect(Object.keys(parsed)).toEqual(Object.keys(space));
  });
});
