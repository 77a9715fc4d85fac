import { describe, expect, test } from 'vitest';
import { stubLookup, untilDone, useFetchRig } from './fetch-rig.ts';

const rig = useFetchRig();

/** `PORT` is the server's; it listens on 127.0.0.1 and would be reached by every form of that address. */
const REFUSED: readonly (readonly [what: string, url: string, code: string])[] = [
  ['a file URL', 'file:///etc/passwd', 'FORBIDDEN_SCHEME'],
  ['a gopher URL', 'gopher://127.0.0.1:PORT/_GET', 'FORBIDDEN_SCHEME'],
  ['a data URL', 'data:image/png;base64,AAAA', 'FORBIDDEN_SCHEME'],
  ['an ftp URL', 'ftp://example.org/a.png', 'FORBIDDEN_SCHEME'],
  ['a URL without a scheme', 'example.org/a.png', 'FORBIDDEN_SCHEME'],
  ['plain http', 'http://example.org/a.png', 'FORBIDDEN_SCHEME'],
  ['plain http at a public address', 'http://8.8.8.8/a.png', 'FORBIDDEN_SCHEME'],
  ['plain http at a public IPv6 address', 'http://[2606:4700::1111]/a.png', 'FORBIDDEN_SCHEME'],
  ['no host', 'https://', 'FORBIDDEN_ADDRESS'],
  ['a number that is no address', 'https://127.0.0.256:PORT/', 'FORBIDDEN_ADDRESS'],
  ['loopback over http', 'http://127.0.0.1:PORT/', 'FORBIDDEN_ADDRESS'],
  ['loopback', 'https://127.0.0.1:PORT/', 'FORBIDDEN_ADDRESS'],
  ['another address of loopback', 'https://127.1.2.3:PORT/', 'FORBIDDEN_ADDRESS'],
  ['decimal', 'https://2130706433:PORT/', 'FORBIDDEN_ADDRESS'],
  ['hexadecimal', 'https://0x7f000001:PORT/', 'FORBIDDEN_ADDRESS'],
  ['hexadecimal parts', 'https://0x7f.0.0.0x1:PORT/', 'FORBIDDEN_ADDRESS'],
  ['octal', 'https://0177.0.0.01:PORT/', 'FORBIDDEN_ADDRESS'],
  ['short', 'https://127.1:PORT/', 'FORBIDDEN_ADDRESS'],
  ['zero', 'https://0:PORT/', 'FORBIDDEN_ADDRESS'],
  ['circled digits', 'https://①②⑦.⓪.⓪.①:PORT/', 'FORBIDDEN_ADDRESS'],
  ['full-width digits and dots', 'https://１２７。０。０。１:PORT/', 'FORBIDDEN_ADDRESS'],
  ['percent-encoded', 'https://%31%32%37.0.0.1:PORT/', 'FORBIDDEN_ADDRESS'],
  ['a final dot', 'https://127.0.0.1.:PORT/', 'FORBIDDEN_ADDRESS'],
  ['localhost', 'https://localhost:PORT/', 'FORBIDDEN_ADDRESS'],
  ['localhost with a final dot', 'https://localhost.:PORT/', 'FORBIDDEN_ADDRESS'],
  ['localhost over http', 'http://LOCALHOST:PORT/', 'FORBIDDEN_ADDRESS'],
  ['a name below localhost', 'https://a.localhost:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv6 loopback', 'https://[::1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv6 unspecified', 'https://[::]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv4-mapped', 'https://[::ffff:127.0.0.1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv4-mapped in hexadecimal', 'https://[::ffff:7f00:1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv4-compatible', 'https://[::127.0.0.1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['NAT64', 'https://[64:ff9b::127.0.0.1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['local NAT64', 'https://[64:ff9b:1::7f00:1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['6to4', 'https://[2002:7f00:1::]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv6 link-local', 'https://[fe80::1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['IPv6 unique local', 'https://[fd00::1]:PORT/', 'FORBIDDEN_ADDRESS'],
  ['metadata of a cloud', 'http://169.254.169.254/latest/meta-data/', 'FORBIDDEN_ADDRESS'],
  ['metadata of Azure', 'https://168.63.129.16/', 'FORBIDDEN_ADDRESS'],
  ['private 10', 'https://10.0.0.1/', 'FORBIDDEN_ADDRESS'],
  ['private 172', 'https://172.31.255.255/', 'FORBIDDEN_ADDRESS'],
  ['private 192', 'https://192.168.1.1/', 'FORBIDDEN_ADDRESS'],
  ['carrier NAT', 'https://100.100.100.200/', 'FORBIDDEN_ADDRESS'],
  ['multicast', 'https://224.0.0.1/', 'FORBIDDEN_ADDRESS'],
  ['broadcast', 'https://255.255.255.255/', 'FORBIDDEN_ADDRESS'],
  ['a host in place of the user', 'https://example.org@127.0.0.1:PORT/', 'FORBIDDEN_ADDRESS'],
  ['user and password', 'https://user:s3cret@example.org/a.png', 'FORBIDDEN_ADDRESS'],
  ['user and password at no host', 'https://user:s3cret@:PORT/a.png', 'FORBIDDEN_ADDRESS'],
  ['a backslash before the real host', 'https://127.0.0.1:PORT\\@example.org/', 'FORBIDDEN_ADDRESS'],
];

describe('what is refused before a connection is made', () => {
  test.for(REFUSED)('%s is refused: %s → %s', async ([, url, code]) => {
    const { lookup, asked } = stubLookup('127.0.0.1');
    const fetcher = rig.fetcher({ allow: [], lookup });

    const got = await fetcher.fetchImage(url.replace('PORT', String(rig.server.port)), { sha256: null, signal: untilDone });

    expect(got).toEqual({ drop: { code, message: expect.stringMatching(/^expected .*got/) }, again: false });
    expect(JSON.stringify(got)).not.toContain('s3cret');
    expect({ asked, waits: rig.waits, connections: rig.server.connections() }).toEqual({ asked: [], waits: [], connections: 0 });
  });

  const PRIVATE_ANSWERS: readonly (readonly [what: string, addresses: readonly string[]])[] = [
    ['loopback', ['127.0.0.1']],
    ['a public and a private address', ['93.184.215.14', '127.0.0.1']],
    ['an IPv4-mapped address', ['::ffff:127.0.0.1']],
    ['an IPv4-compatible address', ['::7f00:1']],
    ['a NAT64 address', ['64:ff9b::7f00:1']],
    ['metadata', ['169.254.169.254']],
    // Only request-filtering-agent knows this one (AS112): it has its say too.
    ['a sink of the DNS', ['192.31.196.1']],
  ];

  test.for(PRIVATE_ANSWERS)('a name that resolves to %s is refused', async ([, addresses]) => {
    const { lookup, asked } = stubLookup(...addresses);
    const fetcher = rig.fetcher({ allow: [], lookup });

    const got = await fetcher.fetchImage(`https://images.example:${rig.server.port}/a.png`, { sha256: null, signal: untilDone });

    expect(got).toMatchObject({ drop: { code: 'FORBIDDEN_ADDRESS', message: expect.stringContaining('CEREBROS_DATASET_ALLOW') } });
    expect({ asked, waits: rig.waits, connections: rig.server.connections() }).toEqual({
      asked: ['images.example'],
      waits: [],
      connections: 0,
    });
  });

  test('an allowed name is resolved by the same lookup, once, and reached', async () => {
    rig.server.on('/a.png', { body: 'image' });
    const { lookup, asked } = stubLookup('127.0.0.1');
    const fetcher = rig.fetcher({ allow: ['images.example'], lookup });

    const got = await fetcher.fetchImage(`http://images.example:${rig.server.port}/a.png`, { sha256: null, signal: untilDone });

    expect(got).toMatchObject({ bytes: Buffer.from('image') });
    expect({ asked, connections: rig.server.connections() }).toEqual({ asked: ['images.example'], connections: 1 });
  });

  const ALLOWED: readonly (readonly [entry: string, url: string, reached: boolean])[] = [
    ['127.0.0.1', 'http://127.0.0.1:PORT/a.png', true],
    ['127.0.0.1:PORT', 'http://127.0.0.1:PORT/a.png', true],
    ['127.0.0.1:PORT', 'http://2130706433:PORT/a.png', true],
    ['LocalHost', 'http://localhost.:PORT/a.png', true],
    ['[::1]:PORT', 'http://[::1]:PORT/a.png', true],
    ['::1', 'http://[0::1]:PORT/a.png', true],
    ['127.0.0.1:1', 'http://127.0.0.1:PORT/a.png', false],
    ['127.0.0.1:80', 'http://127.0.0.1:PORT/a.png', false],
    ['27.0.0.1', 'http://127.0.0.1:PORT/a.png', false],
    ['localhost', 'http://a.localhost:PORT/a.png', false],
    ['localhost', 'http://127.0.0.1:PORT/a.png', false],
  ];

  test.for(ALLOWED)('with %s allowed, %s is fetched: %s', async ([entry, url, reached]) => {
    const port = String(rig.server.port);
    // The server has no IPv6: a refused connection there says that the guard let it pass.
    const { lookup } = stubLookup('127.0.0.1');
    const fetcher = rig.fetcher({ allow: [entry.replace('PORT', port)], rules: { max_retries: 0 }, lookup });
    rig.server.on('/a.png', { body: 'image' });

    const got = await fetcher.fetchImage(url.replace('PORT', port), { sha256: null, signal: untilDone });

    const refused = 'drop' in got && got.drop.code === 'FORBIDDEN_ADDRESS';
    expect(refused).toBe(!reached);
    expect(rig.server.connections()).toBe(reached && !url.includes('[') ? 1 : 0);
  });

  test.for(['', 'http://host', 'host/path', 'user@host', 'host:port', 'host:', 'a b', '[::1'])(
    'an allow list with %j is refused',
    (entry) => {
      expect(() => rig.fetcher({ allow: [entry] })).toThrow(expect.objectContaining({ code: 'SETTING_INVALID' }));
    },
  );
});

describe('redirects', () => {
  const TARGETS: readonly (readonly [location: string, code: string])[] = [
    ['http://127.0.0.2:PORT/secret', 'FORBIDDEN_ADDRESS'],
    ['//localhost:PORT/secret', 'FORBIDDEN_ADDRESS'],
    ['http://[::ffff:127.0.0.1]:PORT/secret', 'FORBIDDEN_ADDRESS'],
    ['http://user:s3cret@127.0.0.1:PORT/secret', 'FORBIDDEN_ADDRESS'],
    ['https://private.example:PORT/secret', 'FORBIDDEN_ADDRESS'],
    ['http://example.org/secret', 'FORBIDDEN_SCHEME'],
    ['file:///etc/passwd', 'FORBIDDEN_SCHEME'],
  ];

  test.for(TARGETS)('one to %s is refused: %s', async ([location, code]) => {
    rig.server.on('/a.png', { status: 302, headers: { location: location.replace('PORT', String(rig.server.port)) } });
    const fetcher = rig.fetcher({ lookup: stubLookup('127.0.0.1').lookup });

    const got = await fetcher.fetchImage(rig.server.url('/a.png'), { sha256: null, signal: untilDone });

    expect(got).toMatchObject({ drop: { code }, again: false });
    expect(JSON.stringify(got)).not.toContain('s3cret');
    expect(rig.server.seen().map(({ path }) => path)).toEqual(['/a.png']);
    expect(rig.server.connections()).toBe(1);
  });

  test('as many as the rules allow are followed', async () => {
    rig.server.on('/0', { status: 301, headers: { location: '/1' } });
    rig.server.on('/1', { status: 307, headers: { location: rig.server.url('/2') } });
    rig.server.on('/2', { body: 'image' });
    const fetcher = rig.fetcher({ rules: { max_redirects: 2 } });

    const got = await fetcher.fetchImage(rig.server.url('/0'), { sha256: null, signal: untilDone });

    expect(got).toMatchObject({ bytes: Buffer.from('image') });
  });

  test('one more than the rules allow is refused', async () => {
    rig.server.on('/loop', { status: 302, headers: { location: '/loop' } });
    const fetcher = rig.fetcher({ rules: { max_redirects: 2 } });

    const got = await fetcher.fetchImage(rig.server.url('/loop'), { sha256: null, signal: untilDone });

    expect(got).toMatchObject({ drop: { code: 'TOO_MANY_REDIRECTS' }, again: false });
    expect(rig.server.seen('/loop')).toHaveLength(3);
  });
});
