import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { LookupFunction } from 'node:net';
import { FetchError } from './fetch-error.ts';

/** IANA's special-purpose registries, multicast, and what a cloud serves its metadata at. */
const FORBIDDEN_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];

/**
 * Public IPv6 is 2000::/3, so all else is out: loopback, private, link-local, multicast, and the forms that carry an IPv4
 * address (mapped ::ffff:0:0/96, compatible ::/96, NAT64 64:ff9b::/96). In 2000::/3 the tunnels and documentation are.
 */
const FORBIDDEN_IPV6 = ['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

// Two lists, as one would also hold IPv4 addresses, mapped, against ranges of IPv6.
const forbidden = { ipv4: blockList(FORBIDDEN_IPV4, 'ipv4'), ipv6: blockList(FORBIDDEN_IPV6, 'ipv6') };

/** Is `host` an address, without brackets, that is not of the public internet? Names are not resolved: false. */
export function isForbiddenAddress(host: string): boolean {
  if (isIPv4(host)) return forbidden.ipv4.check(host, 'ipv4');
  return isIPv6(host) && forbidden.ipv6.check(host, 'ipv6');
}

/**
 * A lookup that fails with `FORBIDDEN_ADDRESS` when any address of the name is not public. The socket connects to what it
 * returned, without asking again, so that an answer cannot change in between.
 */
export function publicLookup(lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const refused = addresses.find(({ address }) => isForbiddenAddress(address));
      if (refused !== undefined) return callback(forbiddenAddress(hostname, `it is at ${refused.address}`), '', 0);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

/** `FORBIDDEN_ADDRESS`, with the cure; `found` says what is wrong with the host. */
export function forbiddenAddress(host: string, found: string, cause?: unknown): FetchError {
  return new FetchError(
    'FORBIDDEN_ADDRESS',
    `expected a host on the public internet, got ${host} (${found}); name the host in CEREBROS_DATASET_ALLOW to fetch from it anyway`,
    { cause },
  );
}

function blockList(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', prefix = ''] = range.split('/');
    list.addSubnet(net, Number(prefix), family);
  }
  return list;
}
