import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { FetchContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import { FetchError } from './fetch-error.ts';
import { checkHash } from './hash-check.ts';
import { forgetPartial } from './partial-file.ts';
import { withRetries } from './retries.ts';
import { transfer } from './transfer.ts';
import type { FileProgress, TransferredPart } from './transfer.ts';
import { shownUrl } from './url-guard.ts';

export interface FileOptions {
  /** Largest size, in bytes. */
  readonly maxBytes: number;
  /** Expected hash in hex; null: any. */
  readonly sha256: string | null;
  readonly signal: AbortSignal;
  /** Called as bytes arrive, and as they are hashed at the end. `total` is null when the server does not say. */
  readonly onProgress?: (progress: FileProgress) => void;
}

export interface FetchedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** A server must bring this much in each `timeout_s`, or all that is left. */
const MIN_BYTES_A_TIMEOUT = 64 * 1024;

/**
 * Downloads `url` to `file`, which appears whole or not at all; its folder must exist. What arrived is kept when the server can go
 * on with it, for the retries here and for a later call. Throws `FetchError`, the reason of `signal`, and errors of the disk as they are.
 */
export function fetchToFile(context: FetchContext, url: string, file: string, options: FileOptions): Promise<FetchedFile> {
  const { rules, slots, wait } = context;
  const { signal } = options;
  return withRetries({ maxRetries: rules.max_retries, wait, signal }, async () => {
    try {
      const part = await slots.run(signal, () => downloadPart(context, url, file, options));
      return await finish(part, url, file, options);
    } catch (error) {
      if (error instanceof FetchError && !error.retryable) await forgetPartial(file);
      throw error;
    }
  });
}

/** Bounded not in all, as large files take long, but by how slow it may get. */
function downloadPart(context: FetchContext, url: string, file: string, options: FileOptions): Promise<TransferredPart> {
  const what = `${MIN_BYTES_A_TIMEOUT} more bytes of ${shownUrl(url)}`;
  return withDeadline({ timeoutMs: context.rules.timeout_s * 1000, signal: options.signal, what }, (signal, extend) => {
    let sinceExtended = 0;
    const onBytes = (count: number, progress: FileProgress): void => {
      sinceExtended += count;
      if (sinceExtended >= MIN_BYTES_A_TIMEOUT) {
        sinceExtended = 0;
        extend();
      }
      options.onProgress?.(progress);
    };
    return transfer(context, { url, file, maxBytes: options.maxBytes, signal, onBytes });
  });
}

/** Hashes what is on disk, not what came: a part may be of several attempts. */
async function finish(part: TransferredPart, url: string, file: string, options: FileOptions): Promise<FetchedFile> {
  const { size } = await stat(part.path);
  try {
    if (size !== part.bytes)
      throw new FetchError('LENGTH_MISMATCH', `expected ${part.bytes} bytes in ${part.path}, got ${size}`, { again: 'always' });
    const sha256 = await hashFile(part.path, options);
    checkHash(url, sha256, options.sha256);
    await rename(part.path, file);
    await forgetPartial(file);
    return { bytes: size, sha256 };
  } catch (error) {
    if (error instanceof FetchError || !part.noted) await rm(part.path, { force: true });
    throw error;
  }
}

async function hashFile(path: string, { signal, onProgress }: FileOptions): Promise<string> {
  const hash = createHash('sha256');
  const { size } = await stat(path);
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    hash.update(piece as Buffer);
    onProgress?.({ bytes: size, total: size });
  }
  return hash.digest('hex');
}
