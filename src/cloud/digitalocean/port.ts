import type { z } from 'zod';
import { CloudError } from '../cloud-error.ts';
import type { CloudPort, Identity } from '../port.ts';
import { inTurn } from './api.ts';
import type { DigitalOceanApi } from './api.ts';
import { openKind } from './kind.ts';
import type { OpenKind } from './kind.ts';
import { attachmentKind, dropletKind, firewallKind, reservedIpKind, snapshotKind, tagKind, volumeKind, vpcKind } from './kinds.ts';

const KINDS: Readonly<Record<string, OpenKind>> = {
  vpc: openKind(vpcKind, parseSpec),
  droplet: openKind(dropletKind, parseSpec),
  volume: openKind(volumeKind, parseSpec),
  snapshot: openKind(snapshotKind, parseSpec),
  attachment: openKind(attachmentKind, parseSpec),
  firewall: openKind(firewallKind, parseSpec),
  reserved_ip: openKind(reservedIpKind, parseSpec),
  tag: openKind(tagKind, parseSpec),
};

/** Types of resources that `digitalOceanPort` knows. */
export const DIGITALOCEAN_TYPES: readonly string[] = Object.keys(KINDS);

/** DigitalOcean as the protocols of src/cloud use it. */
export function digitalOceanPort(api: DigitalOceanApi): CloudPort {
  return {
    provider: 'digitalocean',
    lookUp: async (identity, signal) => await kindOf(identity.type).lookUp(api, identity, signal),
    list: async (type, signal) => await kindOf(type).list(api, signal),
    prepare: async (identity, signal) => await kindOf(identity.type).prepare(api, identity, signal),
    create: async (identity, signal, turn) => await kindOf(identity.type).create(inTurn(api, turn), identity, signal),
    get: async (known, signal) => await kindOf(known.type).get(api, known, signal),
    remove: async (known, signal) => await kindOf(known.type).remove(api, known, signal),
  };
}

function kindOf(type: string): OpenKind {
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind) return kind;
  throw new CloudError('UNKNOWN_TYPE', `expected one of the types ${DIGITALOCEAN_TYPES.join(', ')}, got ${JSON.stringify(type)}`, {
    outcome: 'refused',
    retryable: false,
  });
}

function parseSpec<S>(schema: z.ZodType<S>, { type, name, spec }: Identity): S {
  const parsed = schema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'spec'}: ${message}`).join('; ');
  throw new CloudError('INVALID_SPEC', `The spec of ${type} ${name} does not fit: ${issues}`, { outcome: 'refused', retryable: false });
}
