import { existsSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { ClientConfigProfile } from '@temporalio/envconfig';
import { UserError } from '../contracts/user-error.ts';
import type { StackFile } from './stack-file.ts';

const DEFAULT_ADDRESS = '127.0.0.1:7233';
/** Temporal's SDK takes `1` and `true` for yes and everything else, `TRUE` and `yes` too, silently for no. */
const BOOLEANS = new Set(['1', 'true', '0', 'false']);

/** What named an address. */
export type Source = 'flag' | 'variable' | 'stack' | 'profile' | 'default';

/** Options for `Connection.connect` and `NativeConnection.connect`. */
export interface TemporalConnectionOptions {
  readonly address: string;
  readonly tls?: TLSConfig | boolean;
  readonly apiKey?: string;
  readonly metadata?: Record<string, string>;
  /** Set for this machine's own addresses; a worker's connection, which knows no proxy variables, does without. */
  readonly channelArgs?: { readonly 'grpc.enable_http_proxy': 0 };
}

/** The client's gRPC would send even calls to this machine through `http_proxy` and `https_proxy`. */
export const WITHOUT_PROXY = { channelArgs: { 'grpc.enable_http_proxy': 0 } } as const;
const OWN_MACHINE = /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/;

/** A Temporal to connect to. */
export interface TemporalEndpoint {
  readonly connection: TemporalConnectionOptions;
  readonly namespace: string;
  readonly address_source: Source;
  /** The profile used; null when only flags, variables or `stack.json` were. */
  readonly profile: string | null;
  /** Settings that the SDK knows and does not apply: worth showing, not worth failing. */
  readonly warnings: readonly string[];
}

/** The flags that matter here. */
export interface TemporalFlags {
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
  readonly profile?: string | undefined;
}

/**
 * Finds Temporal as `@temporalio/envconfig` does, but refuses what that would take silently for "no TLS", with `TLS_AMBIGUOUS`, and a
 * profile file that is missing, unknown to it or mistyped, with `PROFILE_INVALID`. The embedded server of `stack` gets no
 * credentials: it is ours, on 127.0.0.1 and in clear text.
 */
export function resolveTemporal(flags: TemporalFlags, env: Record<string, string>, stack: StackFile | null): TemporalEndpoint {
  refuseUnclearSwitches(env);
  const profileName = flags.profile ?? env['TEMPORAL_PROFILE'];
  const named = flags.address ?? env['TEMPORAL_ADDRESS'];
  const fromStack = named === undefined && profileName === undefined ? stack : null;
  if (fromStack?.pids['temporal'] !== undefined) return embeddedEndpoint(flags, env, fromStack);

  const profile = loadProfile(env, profileName);
  refuseUnclearTls(profile);
  const address = named ?? fromStack?.temporal_address ?? profile.address ?? DEFAULT_ADDRESS;
  return {
    connection: connectionOf(profile, address),
    namespace: flags.namespace ?? profile.namespace ?? 'default',
    address_source: sourceOf({ flags, env, fromStack, profile }),
    profile: profileName ?? null,
    warnings: warningsFor(env),
  };
}

function embeddedEndpoint(flags: TemporalFlags, env: Record<string, string>, stack: StackFile): TemporalEndpoint {
  return {
    connection: { address: stack.temporal_address, ...WITHOUT_PROXY },
    namespace: flags.namespace ?? env['TEMPORAL_NAMESPACE'] ?? 'default',
    address_source: 'stack',
    profile: null,
    warnings: [],
  };
}

interface SourceInput {
  readonly flags: TemporalFlags;
  readonly env: Record<string, string>;
  readonly fromStack: StackFile | null;
  readonly profile: ClientConfigProfile;
}

function sourceOf({ flags, env, fromStack, profile }: SourceInput): Source {
  if (flags.address !== undefined) return 'flag';
  if (env['TEMPORAL_ADDRESS'] !== undefined) return 'variable';
  if (fromStack !== null) return 'stack';
  return profile.address === undefined ? 'default' : 'profile';
}

function loadProfile(env: Record<string, string>, profileName: string | undefined): ClientConfigProfile {
  const file = env['TEMPORAL_CONFIG_FILE'];
  // The SDK takes a missing file for an empty one, and would connect to localhost.
  if (file !== undefined && !existsSync(file)) throw invalidProfile(`TEMPORAL_CONFIG_FILE names ${file}, which does not exist.`);
  try {
    return loadClientConfigProfile({
      configFileStrict: true,
      overrideEnvVars: env,
      ...(profileName === undefined ? {} : { profile: profileName }),
    });
  } catch (error) {
    throw invalidProfile(`Temporal's profile cannot be used: ${messageOf(error)}.`, error);
  }
}

function connectionOf(profile: ClientConfigProfile, address: string): TemporalConnectionOptions {
  try {
    const { apiKey, tls, metadata } = toClientOptions(profile).connectionOptions;
    return {
      address,
      ...(OWN_MACHINE.test(address) ? WITHOUT_PROXY : {}),
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(typeof apiKey === 'string' ? { apiKey } : {}),
      ...(profile.grpcMeta === undefined || metadata === undefined ? {} : { metadata: profile.grpcMeta }),
    };
  } catch (error) {
    throw unclearTls(`A certificate or key cannot be read: ${messageOf(error)}.`, 'Correct its path.', error);
  }
}

function refuseUnclearSwitches(env: Record<string, string>): void {
  for (const name of ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION']) {
    const value = env[name];
    if (value === undefined || BOOLEANS.has(value)) continue;
    throw unclearTls(
      `${name} is ${JSON.stringify(value)}; Temporal would silently take that for false.`,
      `Set ${name} to true or false, in small letters.`,
    );
  }
}

function refuseUnclearTls({ apiKey, tls }: ClientConfigProfile): void {
  if (tls?.disabled !== undefined && typeof tls.disabled !== 'boolean') {
    throw unclearTls(`tls.disabled in the profile is ${JSON.stringify(tls.disabled)}; expected true or false.`, 'Write it without quotes.');
  }
  const off = tls?.disabled === true;
  if (apiKey !== undefined && off) {
    throw unclearTls(
      'An API key is set and TLS is off: the key would travel in clear text.',
      'Unset TEMPORAL_TLS (a key turns TLS on), or unset TEMPORAL_API_KEY.',
    );
  }
  if ((tls?.clientCert === undefined) !== (tls?.clientKey === undefined)) {
    const [present, missing] = tls?.clientKey === undefined ? ['certificate', 'KEY'] : ['key', 'CERT'];
    throw unclearTls(
      `A client ${present} is set alone: Temporal would connect without either.`,
      `Set TEMPORAL_TLS_CLIENT_${missing}_PATH too, or unset the ${present}.`,
    );
  }
  if (off && (tls.clientCert !== undefined || tls.serverCACert !== undefined)) {
    throw unclearTls('A certificate is set and TLS is off: it would not be used.', 'Set TEMPORAL_TLS to true, or unset the certificate.');
  }
}

function warningsFor(env: Record<string, string>): readonly string[] {
  const ignored = ['TEMPORAL_CODEC_ENDPOINT', 'TEMPORAL_CODEC_AUTH', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'];
  return ignored
    .filter((name) => env[name] !== undefined)
    .map((name) => `${name} is set, and Temporal's TypeScript SDK does not apply it.`);
}

function unclearTls(message: string, hint: string, cause?: unknown): UserError {
  return new UserError('TLS_AMBIGUOUS', message, { hint, exitCode: 2, cause });
}

function invalidProfile(message: string, cause?: unknown): UserError {
  return new UserError('PROFILE_INVALID', message, {
    hint: 'Correct the file, choose another with TEMPORAL_CONFIG_FILE and --profile, or unset them.',
    exitCode: 2,
    cause,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
