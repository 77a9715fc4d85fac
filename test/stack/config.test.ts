import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings, requireDatabaseUrl, resolveConnections } from '../../src/config.ts';
import { writeStackFile } from '../../src/stack/stack-file.ts';
import { WITHOUT_PROXY } from '../../src/stack/temporal-connection.ts';
import type { OwnDir } from './own-dir.ts';
import { ownDir } from './own-dir.ts';

let own: OwnDir;
beforeEach(() => {
  own = ownDir();
});
afterEach(() => own.remove());

/** Variables of a machine whose profile file holds this. */
function envWith(profileFile: string | null, variables: Record<string, string> = {}): Record<string, string> {
  const file = join(own.dir, 'temporal.toml');
  if (profileFile !== null) writeFileSync(file, profileFile);
  const base = { HOME: own.dir, CEREBROS_DATA_DIR: own.dir };
  return { ...base, ...(profileFile === null ? {} : { TEMPORAL_CONFIG_FILE: file }), ...variables };
}

function writeStack(embedded: boolean): void {
  writeStackFile(own.dir, {
    temporal_address: '127.0.0.1:7999',
    database_url: 'postgres://stack@h/d',
    web_url: 'http://127.0.0.1:1',
    ui_url: null,
    pids: embedded ? { dev: process.pid, temporal: process.pid } : { dev: process.pid },
  });
}

const CERT = { TEMPORAL_TLS_CLIENT_CERT_DATA: 'c' };
const KEY = { TEMPORAL_TLS_CLIENT_KEY_DATA: 'k' };
const API_KEY = { TEMPORAL_API_KEY: 'secret' };

test.each<[string, Record<string, string>, string | null, string]>([
  ['TEMPORAL_TLS=TRUE with an API key', { TEMPORAL_TLS: 'TRUE', ...API_KEY }, null, 'TLS_AMBIGUOUS'],
  ['TEMPORAL_TLS=yes with an API key', { TEMPORAL_TLS: 'yes', ...API_KEY }, null, 'TLS_AMBIGUOUS'],
  ['TEMPORAL_TLS=on with a certificate', { TEMPORAL_TLS: 'on', ...CERT, ...KEY }, null, 'TLS_AMBIGUOUS'],
  ['TEMPORAL_TLS=yes alone', { TEMPORAL_TLS: 'yes' }, null, 'TLS_AMBIGUOUS'],
  ['an API key with TLS off', { TEMPORAL_TLS: 'false', ...API_KEY }, null, 'TLS_AMBIGUOUS'],
  ['an API key with TLS off in the profile', API_KEY, '[profile.default.tls]\ndisabled = true', 'TLS_AMBIGUOUS'],
  ['a certificate with TLS off', { TEMPORAL_TLS: '0', ...CERT, ...KEY }, null, 'TLS_AMBIGUOUS'],
  ['a certificate without a key', CERT, null, 'TLS_AMBIGUOUS'],
  ['a key without a certificate', KEY, null, 'TLS_AMBIGUOUS'],
  ['a certificate file that is missing', { TEMPORAL_TLS_CLIENT_CERT_PATH: '/none', ...KEY }, null, 'TLS_AMBIGUOUS'],
  ['a quoted tls.disabled', {}, '[profile.default.tls]\ndisabled = "false"', 'TLS_AMBIGUOUS'],
  ['a profile file that is missing', { TEMPORAL_CONFIG_FILE: '/none/temporal.toml' }, null, 'PROFILE_INVALID'],
  ['a mistyped key in the profile', {}, '[profile.default]\napi_keey = "x"', 'PROFILE_INVALID'],
  ['a profile that does not exist', { TEMPORAL_PROFILE: 'prod' }, '[profile.default]', 'PROFILE_INVALID'],
  ['a profile file that is not TOML', {}, '[profile', 'PROFILE_INVALID'],
])('%s is refused', (_what, variables, file, code) => {
  expect(() => resolveConnections({}, envWith(file, variables))).toThrow(expect.objectContaining({ code, exitCode: 2 }));
});

test.each<[string, Record<string, string>, unknown]>([
  ['nothing', {}, undefined],
  ['an empty TEMPORAL_TLS', { TEMPORAL_TLS: '' }, undefined],
  ['an API key alone', API_KEY, true],
  ['TEMPORAL_TLS=true with an API key', { TEMPORAL_TLS: 'true', ...API_KEY }, expect.any(Object)],
  ['TEMPORAL_TLS=1', { TEMPORAL_TLS: '1' }, expect.any(Object)],
  ['TEMPORAL_TLS=0', { TEMPORAL_TLS: '0' }, false],
  ['a certificate with its key', { ...CERT, ...KEY }, expect.objectContaining({ clientCertPair: expect.any(Object) })],
])('%s is accepted and gives this TLS', (_what, variables, tls) => {
  expect(resolveConnections({}, envWith(null, variables)).temporal.connection.tls).toEqual(tls);
});

test('flag, variable, stack.json and profile file name Temporal and the ledger in this order', () => {
  const file = '[profile.default]\naddress = "profile:1"\nnamespace = "from-profile"\n[profile.prod]\naddress = "prod:1"';
  const env = envWith(file);
  const namedBy = (flags: object, extra: object = {}): string => {
    const { temporal, database_source } = resolveConnections(flags, { ...env, ...extra });
    return `${temporal.connection.address} ${temporal.namespace} ${temporal.address_source} ${database_source}`;
  };
  const variables = { TEMPORAL_ADDRESS: 'variable:1', DATABASE_URL: 'postgres://v@h/d' };
  expect(namedBy({})).toBe('profile:1 from-profile profile null');
  writeStack(true);
  expect(namedBy({})).toBe('127.0.0.1:7999 default stack stack');
  expect(namedBy({ profile: 'prod' })).toBe('prod:1 default profile stack');
  expect(namedBy({}, variables)).toBe('variable:1 from-profile variable variable');
  expect(namedBy({ address: 'flag:1', namespace: 'n', database_url: 'postgres://f@h/d' }, variables)).toBe('flag:1 n flag flag');
});

test('without anything Temporal is looked for on this machine and the ledger is unknown', () => {
  const connections = resolveConnections({}, envWith(null));
  expect(connections.temporal).toMatchObject({
    connection: { address: '127.0.0.1:7233' },
    namespace: 'default',
    address_source: 'default',
  });
  expect(() => requireDatabaseUrl(connections)).toThrow(expect.objectContaining({ code: 'NO_DATABASE', exitCode: 3 }));
});

test("an API key is not sent to the embedded server, but to one that stack.json names as another's", () => {
  writeStack(true);
  expect(resolveConnections({}, envWith(null, API_KEY)).temporal.connection).toEqual({ address: '127.0.0.1:7999', ...WITHOUT_PROXY });
  writeStack(false);
  expect(resolveConnections({}, envWith(null, API_KEY)).temporal.connection).toMatchObject({ apiKey: 'secret', tls: true });
});

function channelArgsOf(address: string): unknown {
  return resolveConnections({ address }, envWith(null)).temporal.connection.channelArgs;
}

test('calls to this machine go around a proxy, others do not', () => {
  for (const address of ['127.0.0.1:1', 'localhost:1', '[::1]:1']) expect(channelArgsOf(address)).toEqual({ 'grpc.enable_http_proxy': 0 });
  expect(channelArgsOf('temporal.example:7233')).toBeUndefined();
});

test('settings that the SDK does not apply are warned of', () => {
  const { warnings } = resolveConnections({}, envWith(null, { TEMPORAL_CODEC_ENDPOINT: 'http://c' })).temporal;
  expect(warnings).toEqual([expect.stringContaining('TEMPORAL_CODEC_ENDPOINT')]);
});

test('own settings come from the environment, with folders made absolute', () => {
  expect(loadSettings({ HOME: '/h', CEREBROS_DATA_DIR: '', XDG_CACHE_HOME: '/c' })).toMatchObject({
    data_dir: resolve('.cerebros'),
    artifacts_dir: resolve('.cerebros/artifacts'),
    cache_dir: '/c/cerebros',
    database_url: null,
  });
  expect(loadSettings({ CEREBROS_ARTIFACTS_DIR: '/shared' }, 'given')).toMatchObject({
    data_dir: resolve('given'),
    artifacts_dir: '/shared',
  });
  expect(() => loadSettings({ DATABASE_URL: 'mysql://x' })).toThrow(expect.objectContaining({ code: 'SETTING_INVALID' }));
});

test('the cloud is DigitalOcean and has no token until the variables say otherwise', () => {
  expect(loadSettings({})).toMatchObject({ cloud_url: 'https://api.digitalocean.com', cloud_token: null, cloud_gap_ms: 60_000 });
  const variables = { CEREBROS_CLOUD_URL: 'http://127.0.0.1:8484', CEREBROS_CLOUD_GAP_MS: '1000' };
  expect(loadSettings(variables)).toMatchObject({ cloud_url: 'http://127.0.0.1:8484', cloud_gap_ms: 1000 });
});

test.each([
  [undefined, 60_000],
  ['1000', 1000],
  ['0', 0],
])('runs that Temporal ended are looked for every CEREBROS_RECONCILE_EVERY_MS=%s', (given, ms) => {
  expect(loadSettings({ CEREBROS_RECONCILE_EVERY_MS: given }).reconcile_every_ms).toBe(ms);
});

test.each([
  [undefined, 600_000],
  ['1000', 1000],
  ['0', 0],
])('the cloud is compared with the ledger every CEREBROS_DRIFT_EVERY_MS=%s', (given, ms) => {
  expect(loadSettings({ CEREBROS_DRIFT_EVERY_MS: given }).drift_every_ms).toBe(ms);
});

test('a token of the cloud is in no settings that are printed', () => {
  const settings = loadSettings({ CEREBROS_CLOUD_TOKEN: 'dop_v1_canary0123456789' });
  expect(settings.cloud_token?.header).toBe('Bearer dop_v1_canary0123456789');
  expect(JSON.stringify(settings) + inspect(settings)).not.toContain('canary');
});

test.each([
  ['CEREBROS_CLOUD_TOKEN', 'short canary'],
  ['CEREBROS_CLOUD_URL', 'canary'],
  ['CEREBROS_CLOUD_GAP_MS', '7'],
  ['CEREBROS_RECONCILE_EVERY_MS', '7'],
  ['CEREBROS_RECONCILE_EVERY_MS', 'canary'],
  ['CEREBROS_DRIFT_EVERY_MS', '7'],
])('a %s that cannot be used is refused, and not repeated', (name, value) => {
  const refuse = (): unknown => loadSettings({ [name]: value });
  expect(refuse).toThrow(expect.objectContaining({ code: 'SETTING_INVALID', message: expect.stringContaining(name) }));
  expect(refuse).not.toThrow(/canary/);
});
