import { createHash } from 'node:crypto';
import type { Drop } from '../../contracts/dataset-build.ts';
import { readBody } from './body.ts';
import type { FetchContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import { FetchError } from './fetch-error.ts';
import { checkHash } from './hash-check.ts';
import { openReply } from './reply.ts';
import { withRetries } from './retries.ts';
import { shownUrl } from './url-guard.ts';

export interface ImageOptions {
  /** Expected hash in hex; null: any. */
  readonly sha256: string | null;
  readonly signal: AbortSignal;
}

/** `again`: the network or the server was in trouble, and a later try may have it. */
export type FetchedImage = { readonly bytes: Buffer; readonly sha256: string } | { readonly drop: Drop; readonly again: boolean };

/** One image into memory; what is wrong with it is a drop. Throws the reason of `signal` only. */
export async function fetchImage(context: FetchContext, url: string, { sha256, signal }: ImageOptions): Promise<FetchedImage> {
  const { rules, slots, wait } = context;
  const limits = { timeoutMs: rules.timeout_s * 1000, signal, what: `all of ${shownUrl(url)}` };
  try {
    return await withRetries({ maxRetries: rules.max_retries, wait, signal }, () =>
      slots.run(signal, () =>
        withDeadline(limits, async (inner) => {
          const bytes = await download(context, url, inner);
          const got = createHash('sha256').update(bytes).digest('hex');
          checkHash(url, got, sha256);
          return { bytes, sha256: got };
        }),
      ),
    );
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    return { drop: { code: error.code, message: error.message }, again: error.retryable };
  }
}

async function download(context: FetchContext, url: string, signal: AbortSignal): Promise<Buffer> {
  const reply = await openReply(context, url, { signal, accept: [200] });
  const pieces: Buffer[] = [];
  for await (const piece of readBody(reply, context.rules.max_bytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}
