import { parseDocument } from 'yaml';
import { UserError } from '../contracts/user-error.ts';
import { invalidInput } from './errors.ts';

/** Reads JSON or YAML. Throws INVALID_INPUT (exit 2) with line and column of the first fault; `name` is what the user called the text. */
export function parseInputText(text: string, name: string): unknown {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (body.trim() === '') throw invalidInput(`${name}: expected JSON or YAML, got nothing`, 'see examples/ for inputs');
  return parseJson(body) ?? parseYaml(body, name);
}

/** Undefined when it is no JSON; most inputs are, and YAML reads large ones slowly. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parseYaml(text: string, name: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: true, logLevel: 'silent' });
    const [fault] = document.errors;
    if (!fault) return document.toJS({ maxAliasCount: 100 }) as unknown;
    const at = fault.linePos?.[0];
    const [message = ''] = fault.message.split('\n');
    throw syntaxError(`${name}${at ? `, line ${at.line}, column ${at.col}` : ''}`, message.replace(/ at line \d+, column \d+:?$/, ''));
  } catch (error) {
    throw error instanceof UserError ? error : syntaxError(name, error instanceof Error ? error.message : String(error));
  }
}

function syntaxError(where: string, message: string): UserError {
  return invalidInput(`${where}: expected JSON or YAML, but ${message}`, 'mend the file there');
}
