import { z } from 'zod';

const text = z.string().min(1);

/** What a person calls it at the provider, once it is made. Not sent with the POST, so that what may have been made is found by its own name. */
const shownName = text.max(255).optional();

/** What the provider is asked for, by type; ids stand where a stack has refs. Names and rules are those of DigitalOcean's API. */
export const RESOURCE_SPECS = {
  vpc: z.strictObject({ region: text, ip_range: text.optional(), name: shownName }),
  droplet: z.strictObject({
    region: text,
    size: text,
    image: z.union([text, z.int()]),
    ssh_keys: z.array(z.union([text, z.int()])).optional(),
    vpc_uuid: text.optional(),
    user_data: z.string().max(65_536).optional(),
    monitoring: z.boolean().optional(),
    ipv6: z.boolean().optional(),
    name: shownName,
    /** Whether it runs once it is made. Default `on`. */
    power: z.enum(['on', 'off']).optional(),
  }),
  volume: z.strictObject({
    region: text,
    size_gigabytes: z.int().min(1).max(16_384),
    snapshot_id: text.optional(),
    filesystem_type: z.enum(['ext4', 'xfs']).optional(),
  }),
  attachment: z.strictObject({ volume_id: text, droplet_id: z.int().positive() }),
  snapshot: z.union([z.strictObject({ volume_id: text }), z.strictObject({ droplet_id: z.int().positive() })]),
  firewall: z.strictObject({
    droplet_ids: z.array(z.int()).optional(),
    tags: z.array(text).optional(),
    inbound_rules: z.array(z.json()).optional(),
    outbound_rules: z.array(z.json()).optional(),
    name: shownName,
  }),
  reserved_ip: z.strictObject({ droplet_id: z.int().positive() }),
  tag: z.strictObject({}),
} as const;
