import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';

/** The beginning of a download, beside the file it will be. */
export interface PartialFile {
  readonly path: string;
  /** ETag or Last-Modified of the content; null: it cannot be gone on with. */
  readonly validator: string | null;
}

/** What an earlier attempt left. */
export interface FoundPartial {
  readonly path: string;
  readonly validator: string;
  readonly bytes: number;
}

/** What `<file>.resume.json` says. */
interface ResumeNote {
  readonly key: string;
  readonly validator: string;
}

/**
 * The part that an earlier attempt left of `url`, with its size; null when there is none. Parts are named by URL and validator, so
 * that two attempts at a time, one of them forgotten, write equal bytes at equal places.
 */
export async function findPartial(file: string, url: string): Promise<FoundPartial | null> {
  const note = await readNote(file);
  if (note === null || note.key !== keyOf(url, note.validator)) return null;
  const path = partPath(file, note.key);
  const found = await stat(path).catch(() => null);
  return found === null || found.size === 0 ? null : { path, validator: note.validator, bytes: found.size };
}

/** Where a download from the beginning goes; noted when the server can go on with it. */
export async function startPartial(file: string, url: string, headers: IncomingHttpHeaders): Promise<PartialFile> {
  const validator = validatorOf(headers);
  const key = validator === null ? null : keyOf(url, validator);
  // One of the same content may have another writer still; equal bytes do not harm it.
  if ((await readNote(file))?.key !== key) await forgetPartial(file);
  if (validator === null || key === null) return { path: partPath(file, randomUUID()), validator };
  const draft = `${notePath(file)}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify({ key, validator } satisfies ResumeNote));
  await rename(draft, notePath(file));
  return { path: partPath(file, key), validator };
}

/** Removes what earlier attempts left of `file`. */
export async function forgetPartial(file: string): Promise<void> {
  const note = await readNote(file);
  if (note === null) return;
  await rm(notePath(file), { force: true });
  await rm(partPath(file, note.key), { force: true });
}

async function readNote(file: string): Promise<ResumeNote | null> {
  try {
    return JSON.parse(await readFile(notePath(file), 'utf8')) as ResumeNote;
  } catch {
    // There is none, or a power cut left it empty: the download begins anew.
    return null;
  }
}

/** A weak ETag promises no equal bytes; without a length nobody could tell a part from the whole. */
function validatorOf(headers: IncomingHttpHeaders): string | null {
  if (headers['accept-ranges'] !== 'bytes' || headers['content-length'] === undefined) return null;
  if (headers.etag !== undefined && !headers.etag.startsWith('W/')) return headers.etag;
  return headers['last-modified'] ?? null;
}

function keyOf(url: string, validator: string): string {
  return createHash('sha256').update(`${url}\n${validator}`).digest('hex').slice(0, 16);
}

function notePath(file: string): string {
  return `${file}.resume.json`;
}

function partPath(file: string, key: string): string {
  return `${file}.${key}.part`;
}
