/** An IPv4 network in CIDR notation, as numbers. */
export interface IpRange {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** Null when the text is no network in CIDR notation, or its address is not the network's first. */
export function parseIpRange(text: string): IpRange | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return null;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || bits > 32) return null;
  const first = ((a * 256 + b) * 256 + c) * 256 + d;
  const count = 2 ** (32 - bits);
  return first % count === 0 ? { first, last: first + count - 1, bits } : null;
}

export function overlaps(left: IpRange, right: IpRange): boolean {
  return left.first <= right.last && right.first <= left.last;
}

/** Whether all of a network is in one of the private ranges of RFC 1918. */
export function isPrivate(range: IpRange): boolean {
  return PRIVATE.some((outer) => outer !== null && outer.first <= range.first && range.last <= outer.last);
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(parseIpRange);

/** The n-th address of a network, in dotted notation. */
export function addressAt(range: IpRange, n: number): string {
  const address = range.first + (n % (range.last - range.first + 1));
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
