import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainIssues } from '../../src/client/explain-issues.ts';
import { blueprintPlan, type Blueprint } from '../../src/contracts/blueprint.ts';
import { blueprintInputSchema, blueprintSchema } from '../../src/contracts/blueprint-schema.ts';
import { checkPlan } from '../../src/contracts/plan.ts';

type Given = Readonly<Record<string, unknown>>;

const of = (...steps: readonly unknown[]): Given => ({ name: 'report', version: '1', steps });
const withStep = (step: Given): Given => of({ name: 'extract', ...step });
const names = (blueprint: unknown): string[] => blueprintSchema.parse(blueprint).steps.map((step) => step.name);

/** What a person reads; empty for a blueprint that fits. */
function faultOf(blueprint: unknown): string {
  const parsed = blueprintSchema.safeParse(blueprint);
  return parsed.success ? '' : explainIssues(parsed.error, blueprint);
}

describe('a blueprint', () => {
  it('comes out as it was written, without defaults', () => {
    const blueprint: Blueprint = {
      name: 'daily.report_v2-eu',
      version: '2.1.0',
      description: 'Two\nlines.',
      steps: [
        { name: 'extract', task_type: 'extract rows', queue: 'reports', inputs: { table: 'orders', since: null }, max_retries: 0 },
        {
          name: 'load',
          needs: ['extract'],
          timeout_ms: 1,
          heartbeat_ms: 500,
          schedule_to_start_ms: 100,
          estimated_duration_s: 0.5,
          undo: { task_type: 'unload', queue: 'others', max_retries: 1000, timeout_ms: 60_000 },
        },
      ],
    };
    expect(blueprintSchema.parse(blueprint)).toEqual(blueprint);
  });

  it('may list its steps in any order: each comes out behind what it needs, and otherwise where it was', () => {
    const listed = of(
      { name: 'd', needs: ['b', 'c'] },
      { name: 'x' },
      { name: 'c', needs: ['a'] },
      { name: 'a' },
      { name: 'b', needs: ['a'] },
    );
    expect(names(listed)).toEqual(['x', 'a', 'c', 'b', 'd']);
    expect(names(of({ name: 'a' }, { name: 'b', needs: ['a'] }, { name: 'c' }))).toEqual(['a', 'b', 'c']);
  });

  it('of any graph without a cycle makes a plan that can run, the same steps in it', () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 }).chain((picks) =>
      fc.record({
        picks: fc.constant(picks),
        order: fc.shuffledSubarray([...picks.keys()], { minLength: picks.length, maxLength: picks.length }),
      }),
    );
    fc.assert(
      fc.property(graph, ({ picks, order }) => {
        const steps = picks.map((needs, idx) => ({
          name: `s${idx}`,
          needs: idx === 0 ? [] : [...new Set(needs.map((need) => `s${need % idx}`))],
        }));
        const blueprint = blueprintSchema.parse(of(...order.map((idx) => steps[idx])));
        checkPlan(blueprintPlan({ blueprint }));
        expect(blueprint.steps.toSorted((a, b) => Number(a.name.slice(1)) - Number(b.name.slice(1)))).toEqual(steps);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('has 1 to 500 steps', () => {
    const chain = (length: number): Given =>
      of(...Array.from({ length }, (_, idx) => ({ name: `s${idx}`, needs: idx < length - 1 ? [`s${idx + 1}`] : [] })));
    expect(names(chain(500))[0]).toBe('s499');
    expect(faultOf(chain(501))).toBe('steps: expected at most 500 steps, got 501; have a step return further ones');
    expect(faultOf(of())).toBe('steps: expected at least one step, got none; name one');
  });
});

const STEP_FIELDS =
  'name, task_type, queue, needs, inputs, max_retries, timeout_ms, heartbeat_ms, schedule_to_start_ms, estimated_duration_s, undo';

type Fault = readonly [what: string, blueprint: unknown, fault: string];

const FAULTS_OF_FIELDS: readonly Fault[] = [
  ['no object', 'report@1', 'input: expected a blueprint as {name, version, steps}, got "report@1"'],
  [
    'an unknown field',
    { ...of({ name: 'a' }), retries: 3 },
    'input: expected no fields but name, version, description, steps, got "retries"; take it out',
  ],
  [
    'an unknown field of a step that is like one',
    withStep({ retries: 3 }),
    `steps[0]: expected no fields but ${STEP_FIELDS}, got "retries"; did you mean "max_retries"?`,
  ],
  [
    'a field of plans that is none of blueprints',
    withStep({ external: true }),
    `steps[0]: expected no fields but ${STEP_FIELDS}, got "external"; take it out`,
  ],
  [
    'an unknown field of an undo',
    withStep({ undo: { task_type: 'x', timeout: 1 } }),
    'steps[0].undo: expected no fields but task_type, queue, max_retries, timeout_ms, got "timeout"; did you mean "timeout_ms"?',
  ],
  [
    'an undo without task_type',
    withStep({ undo: {} }),
    'steps[0].undo.task_type: expected text of one line, 1 to 200 characters, got nothing; give the name of an activity of the worker',
  ],
  ['an undo that is a name', withStep({ undo: 'unload' }), 'steps[0].undo: expected an undo as {task_type: unload}, got "unload"'],
  [
    'a version that YAML read as a number',
    { ...of({ name: 'a' }), version: 1 },
    'version: expected letters, digits, ".", "_" or "-", 1 to 100 of them, got 1; give a version as "1" or "2.1.0", in quotes',
  ],
  [
    'a name with an @',
    { ...of({ name: 'a' }), name: 'report@1' },
    'name: expected letters, digits, ".", "_" or "-", 1 to 100 of them, got "report@1"; give another name',
  ],
  [
    'a step name that would be read as an index',
    of({ name: '2' }),
    'steps[0].name: expected a name that is no number, got "2"; put a letter before it',
  ],
  ['a need that is no list', withStep({ needs: 'load' }), 'steps[0].needs: expected a list of step names, got "load"; write [extract]'],
  ['a step that is a name', of('extract'), 'steps[0]: expected a step as {name: extract, needs: []}, got "extract"'],
  [
    'retries below 0',
    withStep({ max_retries: -1 }),
    'steps[0].max_retries: expected a whole number from 0 to 1000, got -1; give the retries after the first attempt',
  ],
  [
    'a timeout of a fraction',
    withStep({ timeout_ms: 0.5 }),
    'steps[0].timeout_ms: expected a whole number from 1 to 31536000000, got 0.5; give the bound of one attempt in ms, at most a year',
  ],
  [
    'heartbeats every ms',
    withStep({ heartbeat_ms: 1 }),
    'steps[0].heartbeat_ms: expected a whole number from 500 to 31536000000, got 1; give how long a worker may be silent, in ms',
  ],
  [
    'an estimate that is no number',
    withStep({ estimated_duration_s: Number.NaN }),
    'steps[0].estimated_duration_s: expected a number from 0.001 to 31536000, got NaN; give seconds, or leave it out',
  ],
  [
    'inputs that are no JSON',
    withStep({ inputs: { a: [1, Number.POSITIVE_INFINITY] } }),
    'steps[0].inputs.a[1]: expected text, finite numbers, true, false, null, lists and objects, got Infinity; JSON has nothing else',
  ],
  [
    'inputs that hold a date',
    withStep({ inputs: { at: new Date(0) } }),
    'steps[0].inputs.at: expected text, finite numbers, true, false, null, lists and objects, got a Date; JSON has nothing else',
  ],
  [
    'inputs nested without end',
    withStep({ inputs: JSON.parse(`{"deep":${'['.repeat(10_000)}${']'.repeat(10_000)}}`) }),
    'steps[0].inputs.deep: expected values nested at most 200 deep, got deeper ones; flatten them',
  ],
];

const FAULTS_OF_ORDER: readonly Fault[] = [
  [
    'two steps of one name',
    of({ name: 'a' }, { name: 'b' }, { name: 'a' }),
    'steps[2].name: expected a name of its own for each step, got "a", which steps[0] has; rename one',
  ],
  [
    'a need that is nearly a step',
    of({ name: 'extract' }, { name: 'load', needs: ['extrct'] }),
    'steps[1].needs[0]: expected the name of another step, got "extrct"; the other steps are extract; did you mean "extract"?',
  ],
  [
    'a need that is no step',
    of({ name: 'a' }, { name: 'b' }, { name: 'c', needs: ['a', 'z'] }),
    'steps[2].needs[1]: expected the name of another step, got "z"; the other steps are a, b; name one of them, or take it out',
  ],
  [
    'a need of the only step',
    of({ name: 'a', needs: ['b'] }),
    'steps[0].needs[0]: expected the name of another step, got "b"; there are no other steps; take it out',
  ],
  [
    'a step that needs itself',
    of({ name: 'a', needs: ['a'] }),
    'steps[0].needs[0]: expected another step, got "a", the step itself; take it out',
  ],
  [
    'a need that is named twice',
    of({ name: 'a' }, { name: 'b', needs: ['a', 'a'] }),
    'steps[1].needs[1]: expected each need once, got "a" twice; take one out',
  ],
  [
    'a cycle',
    of({ name: 'a', needs: ['b'] }, { name: 'b', needs: ['a'] }),
    'steps: expected needs without a cycle, got a → b → a (each needs the next); take one of these needs out',
  ],
  [
    'a cycle behind other steps, which are no part of it',
    of(
      { name: 'start' },
      { name: 'end', needs: ['x'] },
      { name: 'x', needs: ['start', 'y'] },
      { name: 'y', needs: ['z'] },
      { name: 'z', needs: ['x'] },
    ),
    'steps: expected needs without a cycle, got x → y → z → x (each needs the next); take one of these needs out',
  ],
];

describe('a blueprint that cannot be run is refused with path, expected, got and cure:', () => {
  it.each([...FAULTS_OF_FIELDS, ...FAULTS_OF_ORDER])('%s', (_, blueprint, fault) => {
    expect(faultOf(blueprint)).toBe(fault);
  });

  it('a long cycle, cut', () => {
    const ring = Array.from({ length: 400 }, (_, idx) => ({ name: `s${idx}`, needs: [`s${(idx + 1) % 400}`] }));
    expect(faultOf(of(...ring))).toContain('s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → s8 → s9 → s10 → … (389 more) → s0');
  });

  it('all at once, five of them named', () => {
    const steps = Array.from({ length: 6 }, (_, idx) => ({ name: `s${idx}`, needs: ['nowhere'] }));
    expect(faultOf(of(...steps)).split('\n')).toHaveLength(6);
    expect(faultOf(of(...steps))).toMatch(/… and 1 more$/);
  });
});

describe('the input of the kind', () => {
  it('is a blueprint with inputs, which are an empty object by default', () => {
    const blueprint = { name: 'report', version: '1', steps: [{ name: 'a' }] };
    expect(blueprintInputSchema.parse({ blueprint })).toEqual({ blueprint, inputs: {} });
    expect(blueprintInputSchema.parse({ blueprint, inputs: [1, null] })).toEqual({ blueprint, inputs: [1, null] });
  });

  it('says that a registered blueprint may be named when there is none, or a bare one', () => {
    const input = of({ name: 'a' });
    const { error } = blueprintInputSchema.safeParse(input);
    expect(error && explainIssues(error, input)).toBe(
      [
        'blueprint: expected the name@version of a registered blueprint, or a blueprint as {name, version, steps}, got nothing',
        'input: expected no fields but blueprint, sha256, inputs, got "name", "version", "steps"; take them out',
      ].join('\n'),
    );
  });

  it('says where in the blueprint the fault is', () => {
    const input = { blueprint: of({ name: 'a', needs: ['b'] }), input: {} };
    const { error } = blueprintInputSchema.safeParse(input);
    expect(error && explainIssues(error, input)).toBe(
      [
        'blueprint.steps[0].needs[0]: expected the name of another step, got "b"; there are no other steps; take it out',
        'input: expected no fields but blueprint, sha256, inputs, got "input"; did you mean "inputs"?',
      ].join('\n'),
    );
  });
});
