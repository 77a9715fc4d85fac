// Bundles the built workflows once, so that a worker starts without webpack. Runs at the end of `npm run build`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const dist = new URL('../dist/', import.meta.url);
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('workflows/index.js', dist)),
  payloadConverterPath: fileURLToPath(new URL('contracts/payload-converter.js', dist)),
  logger: { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} },
});
writeFileSync(new URL('workflows.bundle.cjs', dist), code);
