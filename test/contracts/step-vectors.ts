import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const FOLDER = new URL('../../workers/schemas/vectors/steps/', import.meta.url);

const vectorSchema = z.strictObject({
  about: z.string().min(1),
  /** What a worker answers… */
  output: z.json().optional(),
  /** …or the text of it, where it cannot be written as JSON, or JSON would change it. */
  text: z.string().optional(),
  /** Which answer it is, or the code that the step fails with. */
  expect: z.union([
    z.strictObject({ status: z.enum(['SUCCESS', 'SLEEP', 'APPROVAL']) }),
    z.strictObject({ error: z.enum(['MALFORMED_RESULT', 'VALUE_NOT_JSON', 'INVALID_STEPS']) }),
  ]),
});

/** An answer of a worker, and what a run makes of it. */
export interface StepVector {
  readonly name: string;
  /** As it comes from the worker. */
  readonly text: string;
  readonly expect: { readonly status?: string; readonly error?: string };
}

/** All answers in `workers/schemas/vectors/steps/`, by name. */
export function readStepVectors(): readonly StepVector[] {
  return readdirSync(FOLDER).map((file) => {
    const { output, text, expect } = vectorSchema.parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
    return { name: file.replace(/\.json$/, ''), text: text ?? JSON.stringify(output), expect };
  });
}
