export { proof } from '../../../src/workflows/proof.ts';
export { bodied } from './bodied.ts';
export { scripted } from './scripted.ts';
