#!/usr/bin/env node
import { runCli } from './app.ts';
import { processContext } from './process-context.ts';

// A reader that stops early, as `head` does, is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCli(process.argv.slice(2), processContext(process));
