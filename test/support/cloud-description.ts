import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** A request and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly request: unknown;
  readonly status: number;
  readonly headers: Headers;
  readonly answer: unknown;
}

/** The official description of the API in OpenAPI 3.0. */
export interface Description {
  /**
   * What is wrong with an exchange, one line each: an answer in another shape, or with fields nobody documented; a request that was
   * accepted although it does not fit.
   */
  mismatches(exchange: Exchange): readonly string[];
}

/** The description in the file that CEREBROS_DO_OPENAPI names; null when it names none. It is DigitalOcean's, and not kept here. */
export function loadDescription(): Description | null {
  const file = process.env['CEREBROS_DO_OPENAPI'];
  if (file === undefined || file === '') return null;
  return describedBy(JSON.parse(readFileSync(file, 'utf8')));
}

/** A description that was read already. */
export function describedBy(document: Json): Description {
  const validators = createValidators(document);
  return {
    mismatches: (exchange) => {
      const operation = findOperation(document, exchange);
      if (operation === null) return [`${exchange.method} ${exchange.url.pathname}: no such operation`];
      const at = `${exchange.method} ${operation.path} ${exchange.status}`;
      const accepted = exchange.status < 400;
      const found = [...answerMismatches(document, validators, { ...exchange, operation })];
      if (accepted) found.push(...requestMismatches(document, validators, { ...exchange, operation }));
      return found.map((line) => `${at}: ${line}`);
    },
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- a foreign document, looked into at many places
type Json = any;

interface Operation {
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly spec: Json;
}

type Found = Exchange & { readonly operation: Operation };

type Validators = (schema: Json, options?: { readonly fromText: boolean }) => ValidateFunction;

/** Known to be there in reality, though the description misses or misspells them. */
const UNDOCUMENTED = new Set(['resources.images']);

function* answerMismatches(document: Json, validators: Validators, { operation, status, headers, answer }: Found): Generator<string> {
  const response = resolve(document, operation.spec.responses[status] ?? operation.spec.responses.default);
  const schema = response.content?.['application/json']?.schema;
  for (const name of status === 401 ? [] : Object.keys(response.headers ?? {})) {
    if (headers.get(name) === null) yield `the header ${name} is missing`;
  }
  if (schema === undefined) {
    if (answer !== undefined) yield 'expected no body';
    return;
  }
  const validate = validators(schema);
  if (!validate(answer)) yield* lines(validate);
  for (const field of undocumented(document, schema, answer)) if (!UNDOCUMENTED.has(field)) yield `${field} is not documented`;
}

function* requestMismatches(document: Json, validators: Validators, { operation, url, request }: Found): Generator<string> {
  const parameters = (operation.spec.parameters ?? []).map((one: Json) => resolve(document, one));
  for (const { in: place, name, schema, required } of parameters) {
    const value = place === 'path' ? operation.params[name] : url.searchParams.get(name);
    const validate = validators(schema, { fromText: true });
    if (value === null || value === undefined) {
      if (required === true && place !== 'header') yield `the parameter ${name} is missing`;
    } else if (!validate({ value })) yield* lines(validate);
  }
  for (const name of url.searchParams.keys()) {
    if (!parameters.some((one: Json) => one.in === 'query' && one.name === name)) yield `the parameter ${name} is not documented`;
  }
  const schema = operation.spec.requestBody?.content['application/json'].schema;
  if (schema === undefined) {
    if (request !== undefined) yield 'expected a request without a body';
    return;
  }
  const validate = validators(schema);
  if (!validate(request)) yield* lines(validate);
}

function lines({ errors }: ValidateFunction): readonly string[] {
  return (errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}

function findOperation({ paths }: Json, { method, url }: Exchange): Operation | null {
  const parts = url.pathname.split('/');
  const fits = (path: string): boolean => {
    const pattern = path.split('/');
    return pattern.length === parts.length && pattern.every((part, at) => part.startsWith('{') || part === parts[at]);
  };
  const candidates = Object.keys(paths).filter((path) => fits(path) && paths[path][method.toLowerCase()] !== undefined);
  const [path] = candidates.toSorted((left, right) => left.split('{').length - right.split('{').length);
  if (path === undefined) return null;
  const named = path
    .split('/')
    .flatMap((part, at) => (part.startsWith('{') ? [[part.slice(1, -1), decodeURIComponent(parts[at] ?? '')]] : []));
  return { path, params: Object.fromEntries(named), spec: paths[path][method.toLowerCase()] };
}

function createValidators(document: Json): Validators {
  const components = asJsonSchema(document.components);
  const create = (coerceTypes: boolean): Ajv => {
    const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, coerceTypes, logger: false });
    addFormats.default(ajv);
    return ajv.addSchema({ $id: 'do', components });
  };
  const [exact, fromText] = [create(false), create(true)];
  const compiled = new Map<Json, ValidateFunction>();
  return (schema, options = { fromText: false }) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const converted = asJsonSchema(schema);
    const validate = options.fromText ? fromText.compile({ type: 'object', properties: { value: converted } }) : exact.compile(converted);
    compiled.set(schema, validate);
    return validate;
  };
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has the type null. */
function asJsonSchema(value: Json): Json {
  if (Array.isArray(value)) return value.map(asJsonSchema);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'nullable' && key !== 'example' && key !== 'examples');
  const converted = Object.fromEntries(entries.map(([key, inner]) => [key, key === '$ref' ? `do${String(inner)}` : asJsonSchema(inner)]));
  return value.nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}

/** Paths of the fields of a value that no branch of its schema names. */
function undocumented(document: Json, schema: Json, value: Json): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item) => undocumented(document, { anyOf: branches(document, schema).map(({ items }) => items ?? {}) }, item));
  if (typeof value !== 'object' || value === null) return [];
  const known = branches(document, schema);
  if (!known.some(({ properties }) => properties !== undefined)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const named = known.flatMap(({ properties }) => (properties?.[key] === undefined ? [] : [properties[key]]));
    if (named.length === 0) return [key];
    return undocumented(document, { anyOf: named }, inner).map((path) => (path.includes('.') ? path : `${key}.${path}`));
  });
}

/** A schema and everything it is made of. */
function branches(document: Json, schema: Json): readonly Json[] {
  const own = resolve(document, schema);
  const parts = [...(own.allOf ?? []), ...(own.anyOf ?? []), ...(own.oneOf ?? [])];
  return [own, ...parts.flatMap((part) => branches(document, part))];
}

function resolve(document: Json, value: Json): Json {
  if (typeof value?.$ref !== 'string') return value ?? {};
  const target = value.$ref
    .slice(2)
    .split('/')
    .reduce((at: Json, key: string) => at[key.replaceAll('~1', '/')], document);
  return resolve(document, target);
}
