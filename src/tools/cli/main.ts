#!/usr/bin/env node
/** The command `ws-linger`: knows the subcommands and turns errors into one line on stderr and an exit code. */
import { Command, CommanderError } from 'commander';
import { checkEnvironment } from '../../set-defaults';
import { demoCommand } from './demo';
import { doctorCommand } from './doctor';
import { stabilityCommand } from './stability';
import { topCommand } from './top';

const WRONG_USAGE = 2;

const EXAMPLES = `
Exit codes: 0 for success, 1 when a test or a check failed, 2 for wrong usage,
130 when a run was interrupted. With NO_COLOR in the environment the output has
no colours.

Examples:
  ws-linger stability --compare plain           test ws-linger and plain ws
  ws-linger demo                                break connections in a browser
  ws-linger doctor                              check this machine and installation
  ws-linger top http://localhost:9090/status    watch the connections of a process
  ws-linger help stability                      show all options, with examples`;

const program = new Command('ws-linger')
  .description('WebSocket connections that always end: in bounded time, exactly once, with a known cause.')
  .version((require('../../../package.json') as { version: string }).version)
  .addHelpText('after', EXAMPLES)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, ' ')}\n`) });
// The doctor reports a wrong WS_LINGER_OPTIONS as one of its findings.
program.hook('preAction', (_, command) => {
  if (command.name() !== 'doctor') checkEnvironment();
});
for (const command of [stabilityCommand(), demoCommand(), doctorCommand(), topCommand()])
  program.addCommand(command.copyInheritedSettings(program));

// Whoever read the output, such as `head`, has had enough.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1); // not only exitCode: a run that failed may have left timers
  }
});
