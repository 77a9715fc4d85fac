import { KINDS, type Kind } from '../contracts/kinds.ts';
import { LIMITS } from '../contracts/limits.ts';
import { PlanError, checkPlan, type Plan } from '../contracts/plan.ts';
import { PROOF } from '../contracts/proof.ts';
import type { Json } from '../contracts/ledger.ts';
import { UserError } from '../contracts/user-error.ts';
import { withBlueprint, withHash, type BlueprintLookup } from './blueprints/complete-input.ts';
import { invalidInput } from './errors.ts';
import { explainIssues } from './explain-issues.ts';
import { withStackSteps, type StackLookup } from './provision/complete-input.ts';
import { readNamedFiles } from './read-named-files.ts';

/** A kind and an input that fits it, with defaults filled in, and the plan they make. */
export interface PreparedInput {
  readonly kind: Kind;
  readonly input: Json;
  readonly plan: Plan;
}

export interface PrepareOptions {
  /** Where relative paths in the input start. Without it an input that names files is refused. */
  readonly base_dir?: string | undefined;
  /** Finds the blueprint that an input names. Without it an input must hold the blueprint itself. */
  readonly blueprints?: BlueprintLookup | undefined;
  /** Makes the steps that a suspension, offboarding or rollback leaves to the ledger. Without it such an input must hold them. */
  readonly stacks?: StackLookup | undefined;
}

/** Checks an input against its kind and makes its plan; starts nothing. Throws a UserError (exit 2) that names path, expected and got. */
export async function prepareInput(kindName: string, input: unknown, options: PrepareOptions = {}): Promise<PreparedInput> {
  const kind = kindOf(kindName);
  const named = await withBlueprint(kind, input, options.blueprints);
  const stepped = await withStackSteps(kind, named, options.stacks);
  const filled = await readNamedFiles(kind, stepped, options.base_dir);
  const parsed = kind.schema.safeParse(filled);
  if (!parsed.success) {
    throw invalidInput(
      `the input does not fit ${kind.kind}:\n${explainIssues(parsed.error, filled)}`,
      `cerebros plan ${kind.kind} --input FILE   (checks without starting)`,
    );
  }
  return { kind, input: checkedJson(kind.kind, withHash(kind, parsed.data)), plan: planOf(kind, parsed.data) };
}

/** The kind of this name. Throws a UserError (exit 2) that lists the kinds. */
export function kindOf(name: string): Kind {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) throw invalidInput(`expected a kind, one of ${Object.keys(KINDS).join(', ')}, got "${name}"`, 'cerebros start --help');
  return kind;
}

/** The plan of a kind for an input. Throws a UserError (exit 2) when it cannot run. */
export function planOf(kind: Kind, input: unknown): Plan {
  try {
    const plan = kind.plan(input);
    checkPlan(plan, { repeatable: kind.kind === PROOF });
    return plan;
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof PlanError) throw invalidInput(error.message, `cerebros plan ${kind.kind} --input FILE`, error);
    throw error;
  }
}

/** Measured here, because a client hangs for 38 s on a payload that the server refuses. */
function checkedJson(kind: string, input: unknown): Json {
  const text = JSON.stringify(input, refuseNonJson) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.valueBytes) {
    throw invalidInput(
      `the input of ${kind} is ${bytes} bytes of JSON, expected at most ${LIMITS.valueBytes}`,
      'store large data as files and pass their paths',
    );
  }
  return JSON.parse(text) as Json;
}

function refuseNonJson(key: string, value: unknown): unknown {
  const fits = typeof value === 'number' ? Number.isFinite(value) : !['bigint', 'function', 'symbol'].includes(typeof value);
  if (!fits)
    throw invalidInput(
      `input: expected values that JSON can carry, got ${String(value)} at "${key}"`,
      'use finite numbers, strings, booleans and null',
    );
  return value;
}
