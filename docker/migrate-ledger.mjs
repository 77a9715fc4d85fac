// Brings the tables of the ledger at DATABASE_URL up to date. `cerebros dev` does this by itself; a worker does not.
import { withLedger } from '../dist/ledger/connection.js';
import { migrate } from '../dist/ledger/migrate.js';

const url = process.env.DATABASE_URL;
if (!url) throw new Error('expected DATABASE_URL, found it unset');
const applied = await withLedger(url, (sql) => migrate(sql));
console.log(applied.length === 0 ? 'the ledger is up to date' : `applied migrations ${applied.join(', ')}`);
