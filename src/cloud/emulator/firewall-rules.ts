import { z } from 'zod';

const targets = z.object({
  addresses: z.array(z.string()).optional(),
  droplet_ids: z.array(z.int()).optional(),
  load_balancer_uids: z.array(z.string()).optional(),
  kubernetes_ids: z.array(z.string()).optional(),
  tags: z.array(z.string()).nullish(),
});

/** A port, a range, or `0` and `all` for every port, which is then written as `0`. */
const ports = z
  .string()
  .refine(arePorts, 'ports must be a port, a range such as 8000-9000, or 0')
  .transform((text) => (text === 'all' ? '0' : text));

const rule = { protocol: z.enum(['tcp', 'udp', 'icmp']), ports: ports.default('0') };

/** A rule that allows traffic in; parsing it puts its keys in one order, so that equal rules are spelled equally. */
export const inboundRule = z.object({ ...rule, sources: targets });

export const outboundRule = z.object({ ...rule, destinations: targets });

/** The two lists of rules; null and missing are empty. */
export const firewallRules = { inbound_rules: listOf(inboundRule), outbound_rules: listOf(outboundRule) };

/** The body of a change that adds or removes rules. */
export const onlyRules = z
  .object(firewallRules)
  .refine(({ inbound_rules, outbound_rules }) => inbound_rules.length + outbound_rules.length > 0, 'must have at least one rule');

function listOf<T extends z.ZodType>(schema: T) {
  return z
    .array(schema)
    .nullish()
    .transform((rules) => rules ?? []);
}

function arePorts(text: string): boolean {
  if (text === 'all' || text === '0') return true;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return false;
  const [first = 0, last = first] = match.slice(1).flatMap((part) => (part === undefined ? [] : [Number(part)]));
  return first >= 1 && first <= last && last <= 65_535;
}
