import { z } from 'zod';
import { orderIssues } from './blueprint-order.ts';
import { stackPrefix } from './cloud.ts';
import type { Json } from './ledger.ts';
import { mirrors } from './mirrors.ts';
import { RESOURCE_SPECS } from './resource-specs.ts';
import { asRef, expandProvision, stackIssues, STACK_TYPES, type StackResource, type StackType } from './provision-expand.ts';
import { MODULE_NAMES, MODULES, PROVISION_KINDS, type ProvisionInput, type ProvisionKind, type ProvisionStep } from './provision.ts';
import { brief, fields, jsonSchema, stepList, stepNameSchema, text } from './worded-schema.ts';

/** Of one stack. */
const RESOURCES_MAX = 100;

const wordSchema = text({
  expected: 'letters, digits, ".", "_" or "-", 1 to 60 of them',
  pattern: /^[A-Za-z0-9._-]{1,60}$/,
  cure: 'rename it',
});

const mapSchema = z.record(z.string(), jsonSchema, { error: ({ input }) => `expected an object, got ${brief(input)}; write {…}` });

function oneOf<const T extends string>(names: readonly [T, ...T[]]): z.ZodEnum<{ [K in T]: K }> {
  return z.enum(names, { error: ({ input }) => `expected one of ${names.join(', ')}, got ${brief(input)}; take one of them` });
}

const resourceSchema = mirrors<StackResource>()(
  fields('a resource as {type: droplet, name: web-1, spec: {…}}', {
    type: oneOf(Object.keys(STACK_TYPES) as [StackType, ...StackType[]]),
    name: wordSchema,
    spec: mapSchema,
  }),
);

/** What is wrong with specs, an id standing in for each ref. Of attachments there are only refs. */
function specIssues(resources: readonly StackResource[]): { path: (string | number)[]; message: string }[] {
  return resources.flatMap(({ type, spec }, idx) => {
    const parsed = type === 'attachment' ? undefined : RESOURCE_SPECS[type].safeParse(withSomeIds(spec));
    return (parsed?.error?.issues ?? []).map((issue) => ({
      path: [idx, 'spec', ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
      message: `${issue.message}; correct the spec of this ${type}`,
    }));
  });
}

/** The ids of droplets are numbers to the provider, all others texts. */
function withSomeIds(value: Json): Json {
  const ref = asRef(value);
  if (ref !== undefined) return ref.startsWith('droplet:') ? 1 : 'id';
  if (Array.isArray(value)) return value.map(withSomeIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withSomeIds(one)]));
}

const resourcesSchema = z
  .array(resourceSchema, { error: ({ input }) => `expected a list of resources, got ${brief(input)}; write [{type, name, spec}, …]` })
  .min(1, { error: 'expected at least one resource, got none; name one' })
  .max(RESOURCES_MAX, { error: `expected at most ${RESOURCES_MAX} resources; split the stack` })
  .superRefine((resources, context) => {
    for (const { path, message } of [...stackIssues(resources), ...specIssues(resources)]) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

/** A stack as users write it for a plan: as for `start provision`, whose `kind` may stand there. */
export const stackSchema = fields('a stack as {stack, resources}', {
  kind: z.literal('provisioning', { error: ({ input }) => `expected provisioning, got ${brief(input)}; leave it out` }).optional(),
  stack: wordSchema,
  resources: resourcesSchema,
});

const stepSchema = mirrors<ProvisionStep>()(
  fields('a step as {name, module, urn, params, needs}', {
    name: stepNameSchema,
    module: oneOf(MODULE_NAMES as [(typeof MODULE_NAMES)[number], ...(typeof MODULE_NAMES)[number][]]),
    urn: text({
      expected: 'urn:cerebros:STACK:TYPE:NAME, at most 200 characters',
      pattern: /^(?=.{1,200}$)urn:cerebros(:[A-Za-z0-9._-]{1,80}){3}$/,
      cure: 'correct it',
    }),
    params: mapSchema.default({}),
    needs: z.array(z.string(), { error: ({ input }) => `expected a list of step names, got ${brief(input)}` }).default([]),
  }),
);

const givenSchema = fields('an input as {kind: provisioning, stack, resources}', {
  kind: oneOf(PROVISION_KINDS),
  stack: wordSchema,
  resources: resourcesSchema.optional(),
  steps: stepList(stepSchema)
    .superRefine((steps, context) => {
      for (const { path, message } of orderIssues(steps)) context.addIssue({ code: 'custom', path: [...path], message });
    })
    .optional(),
  inputs: mapSchema.default({}),
});

type Given = z.output<typeof givenSchema>;

/**
 * What `start provision` takes: `{kind: provisioning, stack, resources}`, or any kind with its steps. Those of a suspension, an
 * offboarding and a rollback the client makes from the ledger. `inputs` are `{}` by default.
 */
export const provisionInputSchema = mirrors<ProvisionInput>()(
  givenSchema.transform((given, context): ProvisionInput => {
    const issue = issueOf(given);
    if (issue) context.addIssue({ code: 'custom', ...issue });
    if (issue) return z.NEVER;
    const { kind, stack, inputs, resources } = given;
    return { kind, stack, steps: given.steps ?? expandProvision(stack, resources ?? []), inputs };
  }),
);

/** What an input needs beside its kind and stack; of a suspension, offboarding and rollback the client makes the steps from the ledger. */
const EXPECTED: Readonly<Record<ProvisionKind, string>> = {
  provisioning: 'resources',
  suspension: 'steps',
  offboarding: 'steps',
  update: 'steps (cerebros provision plan makes them)',
  rollback: 'saga_id, the run to roll back, or steps',
};

function issueOf({ kind, stack, resources, steps }: Given): { path: (string | number)[]; message: string } | undefined {
  if (resources && steps) return { path: ['steps'], message: 'expected resources or steps, got both; take one out' };
  if (!resources && !steps) return { path: [], message: `expected ${EXPECTED[kind]}, got none; name them` };
  if (resources && kind !== 'provisioning')
    return { path: ['resources'], message: `expected steps for ${kind}, got resources; take them out` };
  const at = steps?.findIndex(({ urn, module }) => !urn.startsWith(urnPrefix(stack, module))) ?? -1;
  if (at < 0) return undefined;
  const module = steps?.[at]?.module ?? 'request_approval';
  return {
    path: ['steps', at, 'urn'],
    message: `expected a urn that begins with ${urnPrefix(stack, module)}, as ${module} is about one; correct it`,
  };
}

function urnPrefix(stack: string, module: ProvisionStep['module']): string {
  return `${stackPrefix(stack)}${MODULES[module].type}:`;
}
