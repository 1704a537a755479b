#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { demoCommand } from './demo';
import { doctorCommand } from './doctor';
import { stabilityCommand } from './stability';

const WRONG_USAGE = 2;

const EXAMPLES = `
Exit codes: 0 for success, 1 when what was tested or looked at is not as it
should be, 2 for wrong usage, 130 when a run was interrupted. No colours with
NO_COLOR in the environment.

Examples:
  ws-linger stability --compare plain   what becomes of connections, beside ws
  ws-linger demo                        the same by hand, in a browser
  ws-linger doctor                      how sockets are handled on this machine
  ws-linger help stability              all options, with examples`;

const program = new Command('ws-linger')
  .description('WebSocket connections that always end: in bounded time, exactly once, with a known cause.')
  .version((require('../../../package.json') as { version: string }).version)
  .addHelpText('after', EXAMPLES)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, ' ')}\n`) });
for (const command of [stabilityCommand(), demoCommand(), doctorCommand()])
  program.addCommand(command.copyInheritedSettings(program));

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1); // a run that broke off leaves timers and processes
  }
});
