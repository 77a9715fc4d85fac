import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';

/** An entry as it shall stand in a tar. */
export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: Uint8Array };

export async function tarBytes(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(tar);
  for (const { content, ...header } of entries) tar.entry({ ...header }, Buffer.from(content ?? []));
  tar.finalize();
  return bytes;
}
