import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';

/** The SDK loads its converter by path and cannot load TypeScript: run from sources (in tests), the built file is taken. */
const fromSources = import.meta.url.endsWith('.ts');
const path = fromSources ? '../dist/contracts/payload-converter.js' : './contracts/payload-converter.js';

/** How our clients and workers turn values into payloads and back. */
export const DATA_CONVERTER: DataConverter = { payloadConverterPath: fileURLToPath(new URL(path, import.meta.url)) };
