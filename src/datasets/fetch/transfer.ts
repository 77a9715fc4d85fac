import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { declaredBytes, readBody } from './body.ts';
import type { FetchContext } from './context.ts';
import { FetchError } from './fetch-error.ts';
import { findPartial, forgetPartial, startPartial } from './partial-file.ts';
import type { FoundPartial, PartialFile } from './partial-file.ts';
import { openReply } from './reply.ts';
import type { Reply } from './reply.ts';
import { shownUrl } from './url-guard.ts';

export interface FileProgress {
  /** On disk so far, those of an earlier attempt included. */
  readonly bytes: number;
  readonly total: number | null;
}

export interface TransferredPart {
  readonly path: string;
  readonly bytes: number;
  /** A later call finds it again. */
  readonly noted: boolean;
}

interface Transfer {
  readonly url: string;
  readonly file: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** `count` bytes more are on disk. */
  readonly onBytes: (count: number, progress: FileProgress) => void;
}

/** A part, and how much of it is there already. */
interface Begun extends PartialFile {
  readonly bytes: number;
  readonly total: number | null;
}

/** One request for `url`, or for what is missing of it. */
export async function transfer(context: FetchContext, job: Transfer): Promise<TransferredPart> {
  const left = await findPartial(job.file, job.url);
  const reply = await ask(context, job, left);
  try {
    const part = await begin(reply, left, job);
    return { path: part.path, bytes: await writeRest(reply, part, job), noted: part.validator !== null };
  } finally {
    reply.response.destroy();
  }
}

async function ask(context: FetchContext, { url, file, signal }: Transfer, left: FoundPartial | null): Promise<Reply> {
  if (left === null) return openReply(context, url, { signal, accept: [200] });
  const headers = { range: `bytes=${left.bytes}-`, 'if-range': left.validator };
  try {
    return await openReply(context, url, { signal, headers, accept: [200, 206] });
  } catch (error) {
    if (!(error instanceof FetchError) || error.code !== 'HTTP_416') throw error;
    // Nothing is missing, or the content is another: from the beginning.
    await forgetPartial(file);
    return openReply(context, url, { signal, accept: [200] });
  }
}

async function begin(reply: Reply, left: FoundPartial | null, { url, file, maxBytes }: Transfer): Promise<Begun> {
  const { statusCode, headers } = reply.response;
  if (left === null || statusCode !== 206) return { ...(await startPartial(file, url, headers)), bytes: 0, total: declaredBytes(reply) };
  const range = headers['content-range'];
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range ?? '') ?? [];
  if (Number(start) !== left.bytes) {
    await forgetPartial(file);
    throw new FetchError(
      'LENGTH_MISMATCH',
      `expected bytes from ${left.bytes} on from ${shownUrl(url)}, got content-range ${JSON.stringify(range)}`,
      { again: 'always' },
    );
  }
  if (Number(total) > maxBytes)
    throw new FetchError('TOO_LARGE', `expected at most ${maxBytes} bytes from ${shownUrl(url)}, got ${total} as declared`);
  return { ...left, total: Number(total) };
}

/** Appends the body to the part; returns its size then. */
async function writeRest(reply: Reply, part: Begun, job: Transfer): Promise<number> {
  // Never truncated, as another attempt may be writing the same bytes; and what it finished and took away is not begun with a hole.
  const handle = await open(part.path, part.bytes === 0 ? constants.O_WRONLY | constants.O_CREAT : constants.O_WRONLY);
  try {
    const bytes = await appendBody(handle, reply, part, job);
    if (part.total === null || bytes === part.total) return bytes;
    throw new FetchError('LENGTH_MISMATCH', `expected ${part.total} bytes from ${shownUrl(job.url)}, got ${bytes}`, { again: 'always' });
  } catch (error) {
    if (part.validator === null) await rm(part.path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function appendBody(handle: FileHandle, reply: Reply, part: Begun, { maxBytes, onBytes }: Transfer): Promise<number> {
  let position = part.bytes;
  for await (const piece of readBody(reply, maxBytes - part.bytes)) {
    await writeAll(handle, piece, position);
    position += piece.length;
    onBytes(piece.length, { bytes: position, total: part.total });
  }
  return position;
}

async function writeAll(handle: FileHandle, piece: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < piece.length) done += (await handle.write(piece, done, piece.length - done, position + done)).bytesWritten;
}
