import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PlantedImage } from './planted-digits.ts';

/** How late a slow image is, in ms. */
const SLOW_MS = 1500;

/** A source of images as there are in the wild, on a free port of this machine. */
export interface DigitSource {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** JSONL: `{path, label}` a line. */
  readonly manifest_url: string;
  close(): Promise<void>;
}

/** Serves planted images, and their manifest at `/manifest.jsonl`. */
export async function serveDigits(images: readonly PlantedImage[]): Promise<DigitSource> {
  const byPath = new Map(images.map((image) => [image.path, image]));
  const manifest = images.map(({ path, label }) => `${JSON.stringify({ path: path.slice(1), label })}\n`).join('');
  const asked = new Set<string>();
  const server = createServer(({ url: path = '/' }, response) => {
    const image = byPath.get(path.replace(/^\/moved/, ''));
    if (path === '/manifest.jsonl') response.end(manifest);
    else if (image) answer(response, image, { first: !asked.has(path), moved: path.startsWith('/moved') });
    else response.writeHead(404).end();
    asked.add(path);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, manifest_url: `http://${host}/manifest.jsonl`, close: () => closed(server) };
}

interface Asked {
  readonly first: boolean;
  readonly moved: boolean;
}

function answer(response: ServerResponse, { path, body, type, fault }: PlantedImage, { first, moved }: Asked): void {
  const send = (): void => void response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  if (fault === 'broken') response.writeHead(500).end('out of order');
  else if (fault === 'gone') response.writeHead(404).end();
  else if (fault === 'redirect_inside') response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
  else if (fault === 'redirect' && !moved) response.writeHead(302, { location: `/moved${path}` }).end();
  else if (fault === 'busy_once' && first) response.writeHead(503, { 'retry-after': '1' }).end('busy');
  else if (fault === 'slow') setTimeout(send, SLOW_MS);
  else send();
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
