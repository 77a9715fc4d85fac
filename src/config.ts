import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { ApiToken } from './cloud/digitalocean/token.ts';
import { UserError } from './contracts/user-error.ts';
import { readStackFile } from './stack/stack-file.ts';
import type { StackFile } from './stack/stack-file.ts';
import { resolveTemporal } from './stack/temporal-connection.ts';
import type { Source, TemporalEndpoint } from './stack/temporal-connection.ts';

/** Environment variables, as in `process.env`; an empty value counts as unset. */
export type Env = Readonly<Record<string, string | undefined>>;

const text = z.string().min(1).optional();
/** Between two runs of a schedule. */
const everyMs = z.coerce
  .number()
  .int()
  .max(86_400_000, 'expected at most 86400000 ms')
  .refine((ms) => ms === 0 || ms >= 1000, 'expected at least 1000 ms, or 0 for never')
  .optional();
const variables = z.object({
  CEREBROS_DATA_DIR: text,
  CEREBROS_ARTIFACTS_DIR: text,
  CEREBROS_NAS_ENABLED: z.stringbool().optional(),
  CEREBROS_DATASET_ROOTS: text,
  CEREBROS_DATASET_ALLOW: z
    .string()
    .regex(/^[^\s,/]+(,[^\s,/]+)*$/, 'expected hosts as host or host:port, separated by commas')
    .optional(),
  CEREBROS_CLOUD_URL: z.url({ protocol: /^https?$/, error: 'expected a URL as https://api.digitalocean.com' }).optional(),
  CEREBROS_CLOUD_TOKEN: text,
  CEREBROS_CLOUD_GAP_MS: z.coerce.number().int().min(100, 'expected at least 100 ms').max(600_000, 'expected at most 600000 ms').optional(),
  CEREBROS_RECONCILE_EVERY_MS: everyMs,
  CEREBROS_DRIFT_EVERY_MS: everyMs,
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database')
    .optional(),
  TEMPORAL_ADDRESS: text,
  TEMPORAL_NAMESPACE: text,
  XDG_CACHE_HOME: text,
});

/** Cerebros's own settings. Folders are absolute. */
export interface Settings {
  /** `CEREBROS_DATA_DIR`, default `./.cerebros`. */
  readonly data_dir: string;
  /** `CEREBROS_ARTIFACTS_DIR`, default `artifacts` in the data dir. */
  readonly artifacts_dir: string;
  /** `CEREBROS_NAS_ENABLED`: does a worker take searches? Default true. */
  readonly nas_enabled: boolean;
  /** `CEREBROS_DATASET_ROOTS`, a path list: the folders that a worker reads images from. Default: its working directory. */
  readonly dataset_roots: readonly string[];
  /** `CEREBROS_DATASET_ALLOW`: hosts (`host` or `host:port`) that images may be fetched from over plain http, and at private addresses. Default: none. */
  readonly dataset_allow: readonly string[];
  /** `CEREBROS_CLOUD_URL`: where a worker finds DigitalOcean's API. Default `https://api.digitalocean.com`. */
  readonly cloud_url: string;
  /** `CEREBROS_CLOUD_TOKEN`: without it (null) a worker's steps of `provision` fail. */
  readonly cloud_token: ApiToken | null;
  /** `CEREBROS_CLOUD_GAP_MS`, 100 to 600,000, default 60,000: between the two looks for what may have been made. */
  readonly cloud_gap_ms: number;
  /** `CEREBROS_RECONCILE_EVERY_MS`, 1,000 to 86,400,000, default 60,000: how often runs that Temporal ended are rolled back. 0: never. */
  readonly reconcile_every_ms: number;
  /** `CEREBROS_DRIFT_EVERY_MS`, 1,000 to 86,400,000, default 600,000: how often the cloud is compared with the ledger. 0: never. */
  readonly drift_every_ms: number;
  /** `$XDG_CACHE_HOME/cerebros`, default `~/.cache/cerebros`. */
  readonly cache_dir: string;
  /** `DATABASE_URL`; null: Postgres is embedded. */
  readonly database_url: string | null;
  /** `TEMPORAL_ADDRESS`; null: Temporal is embedded. */
  readonly temporal_address: string | null;
  /** `TEMPORAL_NAMESPACE`, default `default`: made by an embedded Temporal. */
  readonly temporal_namespace: string;
}

/** Reads the settings; `dataDir`, as given by a flag, goes before its variable. Throws `SETTING_INVALID`. */
export function loadSettings(env: Env, dataDir?: string): Settings {
  const parsed = variables.safeParse(withoutEmpty(env));
  if (!parsed.success) throw invalidSetting(parsed.error);
  const set = parsed.data;
  const folder = resolve(dataDir ?? set.CEREBROS_DATA_DIR ?? '.cerebros');
  // The XDG specification says to ignore a relative one.
  const cacheHome = set.XDG_CACHE_HOME !== undefined && isAbsolute(set.XDG_CACHE_HOME) ? set.XDG_CACHE_HOME : join(homedir(), '.cache');
  return {
    data_dir: folder,
    artifacts_dir: resolve(set.CEREBROS_ARTIFACTS_DIR ?? join(folder, 'artifacts')),
    nas_enabled: set.CEREBROS_NAS_ENABLED ?? true,
    dataset_roots: (set.CEREBROS_DATASET_ROOTS ?? '.').split(delimiter).map((root) => resolve(root)),
    dataset_allow: set.CEREBROS_DATASET_ALLOW?.split(',') ?? [],
    cloud_url: set.CEREBROS_CLOUD_URL ?? 'https://api.digitalocean.com',
    cloud_token: tokenOf(set.CEREBROS_CLOUD_TOKEN),
    cloud_gap_ms: set.CEREBROS_CLOUD_GAP_MS ?? 60_000,
    reconcile_every_ms: set.CEREBROS_RECONCILE_EVERY_MS ?? 60_000,
    drift_every_ms: set.CEREBROS_DRIFT_EVERY_MS ?? 600_000,
    cache_dir: join(cacheHome, 'cerebros'),
    database_url: set.DATABASE_URL ?? null,
    temporal_address: set.TEMPORAL_ADDRESS ?? null,
    temporal_namespace: set.TEMPORAL_NAMESPACE ?? 'default',
  };
}

/** What a command's flags say about where to connect. */
export interface ConnectionFlags {
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
  readonly profile?: string | undefined;
  readonly database_url?: string | undefined;
  readonly data_dir?: string | undefined;
}

/** Where everything is, and who said so. */
export interface Connections {
  readonly temporal: TemporalEndpoint;
  /** Null when nothing names one; see {@link requireDatabaseUrl}. */
  readonly database_url: string | null;
  readonly database_source: Source | null;
  readonly web_url: string | null;
  readonly ui_url: string | null;
  readonly settings: Settings;
}

/**
 * Finds Temporal and the ledger, each from the first that names it: flag, variable, the running stack's `stack.json`, Temporal's
 * profile file; Temporal is at 127.0.0.1:7233 when nothing does. A profile asked for by name (`--profile`, `TEMPORAL_PROFILE`) goes
 * before `stack.json`. Connects to nothing. Throws `SETTING_INVALID` and what `resolveTemporal` throws.
 */
export function resolveConnections(flags: ConnectionFlags, env: Env): Connections {
  const settings = loadSettings(env, flags.data_dir);
  const stack = readStackFile(settings.data_dir);
  return {
    temporal: resolveTemporal(flags, withoutEmpty(env), stack),
    ...databaseOf(flags, settings, stack),
    web_url: stack?.web_url ?? null,
    ui_url: stack?.ui_url ?? null,
    settings,
  };
}

/** The ledger's address. Throws `NO_DATABASE` when nothing names one. */
export function requireDatabaseUrl(connections: Pick<Connections, 'database_url' | 'settings'>): string {
  if (connections.database_url !== null) return connections.database_url;
  throw new UserError('NO_DATABASE', `No ledger is known: DATABASE_URL is not set and no stack runs in ${connections.settings.data_dir}.`, {
    hint: 'Start one with `cerebros dev`, or set DATABASE_URL, or name the data dir of a running one with CEREBROS_DATA_DIR.',
    exitCode: 3,
  });
}

function tokenOf(secret: string | undefined): ApiToken | null {
  if (secret === undefined) return null;
  try {
    return new ApiToken(secret);
  } catch (error) {
    const message = `CEREBROS_CLOUD_TOKEN cannot be used: ${error instanceof Error ? error.message : 'it is malformed'}.`;
    throw new UserError('SETTING_INVALID', message, { hint: 'Correct CEREBROS_CLOUD_TOKEN or unset it.', exitCode: 2 });
  }
}

function databaseOf(
  flags: ConnectionFlags,
  settings: Settings,
  stack: StackFile | null,
): Pick<Connections, 'database_url' | 'database_source'> {
  if (flags.database_url !== undefined) return { database_url: flags.database_url, database_source: 'flag' };
  if (settings.database_url !== null) return { database_url: settings.database_url, database_source: 'variable' };
  if (stack !== null) return { database_url: stack.database_url, database_source: 'stack' };
  return { database_url: null, database_source: null };
}

/** Shells and container files often say "unset" by an empty value. An empty TEMPORAL_GRPC_META_* removes a header and stays. */
function withoutEmpty(env: Env): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (value !== '' || name.startsWith('TEMPORAL_GRPC_META_'))) set[name] = value;
  }
  return set;
}

function invalidSetting(error: z.ZodError): UserError {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? 'A setting');
  return new UserError('SETTING_INVALID', `${name} cannot be used: ${issue?.message ?? 'it is malformed'}.`, {
    hint: `Correct ${name} or unset it.`,
    exitCode: 2,
  });
}
