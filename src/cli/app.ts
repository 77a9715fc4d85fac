import { ArgumentScannerError, buildApplication, buildRouteMap, run, text_en, type Application, type ApplicationText } from '@stricli/core';
import * as approvals from './commands/approvals.ts';
import * as blueprint from './commands/blueprint.ts';
import * as controls from './commands/controls.ts';
import * as provision from './commands/provision.ts';
import * as datasets from './commands/datasets.ts';
import * as drift from './commands/drift.ts';
import * as plans from './commands/plans.ts';
import * as records from './commands/records.ts';
import * as runs from './commands/runs.ts';
import * as stack from './commands/stack.ts';
import * as study from './commands/study.ts';
import type { CliContext } from './context.ts';
import { exitCodeOf } from './exit-codes.ts';
import { exitCodeOfError, formatError, usageError, type ErrorStyle } from './format-error.ts';
import { flagsLast } from './flags-last.ts';
import { modeFromArguments } from './output.ts';
import { VERSION } from './version.ts';

const routes = buildRouteMap({
  routes: {
    dev: stack.devCommand,
    worker: stack.workerCommand,
    cloudEmulator: stack.cloudEmulatorCommand,
    start: runs.startCommand,
    list: runs.listCommand,
    show: runs.showCommand,
    progress: runs.progressCommand,
    watch: runs.watchCommand,
    pause: controls.pauseCommand,
    resume: controls.resumeCommand,
    halt: controls.haltCommand,
    cancel: controls.cancelCommand,
    skip: controls.skipCommand,
    wake: controls.wakeCommand,
    approvals: approvals.approvalsCommand,
    approve: approvals.approveCommand,
    reject: approvals.rejectCommand,
    recover: controls.recoverCommand,
    rollback: controls.rollbackCommand,
    undo: controls.undoRoutes,
    plan: plans.planCommand,
    graph: plans.graphCommand,
    events: records.eventsRoutes,
    ledger: records.ledgerRoutes,
    history: records.historyCommand,
    replay: records.replayCommand,
    predict: records.predictCommand,
    models: records.modelsRoutes,
    datasets: datasets.datasetsRoutes,
    leaderboard: study.leaderboardCommand,
    study: study.studyRoutes,
    drift: drift.driftCommand,
    blueprint: blueprint.blueprintRoutes,
    provision: provision.provisionRoutes,
  },
  docs: {
    brief: 'Durable sagas on Temporal',
    fullDescription: [
      'Durable sagas on Temporal.',
      '',
      'Exit codes: 0 ok, 1 a run or a check came out badly, 2 usage or invalid input,',
      '3 Temporal or Postgres unreachable, 4 not found, 5 refused.',
    ].join('\n'),
  },
});

/** Runs a command line; returns the exit code, and never throws. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const style = { mode: modeFromArguments(args, context), debug: args.includes('--debug') };
  await run(application(style), flagsLast(args), context);
  return exitCodeOf(context.process.exitCode);
}

function application(style: ErrorStyle): Application<CliContext> {
  return buildApplication(routes, {
    name: 'cerebros',
    versionInfo: { currentVersion: VERSION },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true, onlyRequiredInUsageLine: true },
    localization: { text: textFor(style) },
    determineExitCode: exitCodeOfError,
  });
}

/** Stricli's own texts, but every fault in our form. */
function textFor(style: ErrorStyle): ApplicationText {
  const say = (error: unknown): string => formatError(error, style);
  return {
    ...text_en,
    briefs: { ...text_en.briefs, argumentEscapeSequence: 'Take all that follows as arguments' },
    noCommandRegisteredForInput: ({ input, corrections }) => say(unknownCommand(input, corrections)),
    exceptionWhileParsingArguments: (error) => say(error instanceof ArgumentScannerError ? wrongArgument(error) : error),
    exceptionWhileLoadingCommandFunction: say,
    exceptionWhileLoadingCommandContext: say,
    exceptionWhileRunningCommand: say,
    commandErrorResult: say,
  };
}

function unknownCommand(input: string, corrections: readonly string[]): Error {
  const meant = corrections.length > 0 ? `did you mean ${corrections.join(' or ')}?` : 'there is none like it';
  return usageError(`expected a command, got "${input}"; ${meant}`, 'cerebros --help');
}

function wrongArgument(error: ArgumentScannerError): Error {
  return usageError(error.message, 'run the command with --help');
}
