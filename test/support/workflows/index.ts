export { proof } from '../../../src/workflows/proof.ts';
export { bodied } from './bodied.ts';
export { jobOwner, memoJob } from './job-owner.ts';
export { scripted } from './scripted.ts';
