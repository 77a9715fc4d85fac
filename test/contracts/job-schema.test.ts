import { describe, expect, it } from 'vitest';
import { explainIssues } from '../../src/client/explain-issues.ts';
import { prepareInput } from '../../src/client/prepare-input.ts';
import { jobPlan, type JobDefinition } from '../../src/contracts/job.ts';
import { jobDefinitionSchema } from '../../src/contracts/job-schema.ts';

type Given = Readonly<Record<string, unknown>>;

const step = (name: string, more: Given = {}): Given => ({ name, task_type: 'work', handler: 'doIt', ...more });
const of = (...steps: readonly Given[]): Given => ({ name: 'catalogue', steps });

/** What a person reads; empty for a definition that fits. */
function faultOf(definition: unknown): string {
  const parsed = jobDefinitionSchema.safeParse(definition);
  return parsed.success ? '' : explainIssues(parsed.error, definition);
}

const FAULTS: readonly (readonly [what: string, definition: Given, says: string])[] = [
  [
    'a cycle',
    of(step('a', { dependencies: ['b'] }), step('b', { dependencies: ['a'] })),
    'steps: expected needs without a cycle, got a → b → a (each needs the next); take one of these needs out',
  ],
  [
    'a dependency that is no step',
    of(step('fetch'), step('join', { dependencies: ['fetsh'] })),
    'steps[1].dependencies[0]: expected the name of another step, got "fetsh"; the other steps are fetch; did you mean "fetch"?',
  ],
  [
    'an index out of range',
    of(step('a'), step('b', { dependencies: [7] })),
    'steps[1].dependencies[0]: expected the index of an earlier step (an index from 0 to 0), got 7; name the step, or take it out',
  ],
  ['a negative index', of(step('a'), step('b', { dependencies: [-1] })), 'steps[1].dependencies[0]: expected the index of an earlier step'],
  [
    'its own index',
    of(step('a', { dependencies: [0] })),
    'steps[0].dependencies[0]: expected the index of an earlier step (the first step has none), got 0; name the step, or take it out',
  ],
  ['a later index', of(step('a', { dependencies: [1] }), step('b')), 'steps[0].dependencies[0]: expected the index of an earlier step'],
  ['half an index', of(step('a'), step('b', { dependencies: [0.5] })), 'steps[1].dependencies[0]: '],
  [
    'a name twice',
    of(step('a'), step('a')),
    'steps[1].name: expected a name of its own for each step, got "a", which steps[0] has; rename one',
  ],
  [
    'the same dependency twice, once by index',
    of(step('a'), step('b', { dependencies: ['a', 0] })),
    'expected each need once, got "a" twice',
  ],
  ['no handler', of({ name: 'a', task_type: 'work' }), 'steps[0].handler: expected text of one line'],
  ['a field of blueprints', of(step('a', { timeout_ms: 5 })), 'did you mean "timeout"?'],
  ['a timeout of nothing', of(step('a', { timeout: 0 })), 'steps[0].timeout: expected a number from 0.001 to 31536000, got 0'],
  ['a queue of Temporal’s own', of(step('a', { queue: '/_sys/x' })), 'steps[0].queue: expected a queue that does not begin with /_sys/'],
  ['no steps', of(), 'steps: expected at least one step, got none; name one'],
];

describe('the definition of a job', () => {
  it('names dependencies, however they were given, and comes out in an order that can run', () => {
    const given = of(
      step('a'),
      step('d', { dependencies: ['c', 0] }),
      step('b', { dependencies: [0] }),
      step('c', { dependencies: ['b', 2, 'a'].slice(1) }),
    );
    const { steps } = jobDefinitionSchema.parse(given);
    expect(steps.map(({ name, dependencies }) => [name, dependencies])).toEqual([
      ['a', undefined],
      ['b', ['a']],
      ['c', ['b', 'a']],
      ['d', ['c', 'a']],
    ]);
    expect(jobDefinitionSchema.parse({ name: 'catalogue', steps })).toEqual({ name: 'catalogue', steps });
  });

  it('makes a plan in the units of plans, of the sort of each step, not of its handler', () => {
    const definition: JobDefinition = {
      name: 'catalogue',
      steps: [
        {
          name: 'fetch',
          task_type: 'download',
          handler: 'fetchPages',
          max_retries: 4,
          timeout: 1.1,
          estimated_duration: 2.5,
          queue: 'imports',
          inputs: null,
          undo: 'forgetPages',
        },
        { name: 'train', task_type: 'model', handler: 'fit', dependencies: ['fetch'], external: true },
      ],
    };
    expect(jobPlan({ definition: jobDefinitionSchema.parse(definition) })).toEqual({
      kind: 'job',
      steps: [
        {
          name: 'fetch',
          task_type: 'download',
          queue: 'imports',
          inputs: null,
          max_retries: 4,
          timeout_ms: 1100,
          estimated_duration_s: 2.5,
          undo: { task_type: 'forgetPages' },
        },
        { name: 'train', task_type: 'model', queue: 'cerebros-python', needs: ['fetch'], external: true },
      ],
    });
  });

  it.each(FAULTS)('is refused with %s, and says where and what to do', (_, definition, says) => {
    expect(faultOf(definition)).toContain(says);
  });
});

describe('an input of the kind job', () => {
  it('is refused as INVALID_INPUT, exit 2', async () => {
    await expect(prepareInput('job', { definition: of(step('a', { dependencies: [3] })) })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      exitCode: 2,
      message: expect.stringContaining('definition.steps[0].dependencies[0]: expected the index') as string,
    });
  });

  it('has no inputs unless it says so, and halts at a failure unless its start says otherwise', async () => {
    const { input, kind } = await prepareInput('job', { definition: of(step('a')) });
    expect(input).toMatchObject({ inputs: {} });
    expect(kind.on_failure).toBe('halt');
  });
});
