// Copies the migrations beside their runner in dist/: tsc leaves .sql files behind. Part of `npm run build`.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';

const from = new URL('../src/ledger/migrations/', import.meta.url);
const to = new URL('../dist/ledger/migrations/', import.meta.url);

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const file of readdirSync(from).filter((name) => name.endsWith('.sql'))) copyFileSync(new URL(file, from), new URL(file, to));
