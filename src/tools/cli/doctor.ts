/** `ws-linger doctor`: what this machine and this installation can do, on the command line. */
import { Command } from 'commander';
import { type Diagnosis, diagnose } from '../doctor/diagnose';
import { type Colors, colorsFor, NO_COLOR_OPTION } from './colors';

interface Flags {
  json?: true;
  color: boolean;
}

const EXAMPLES = `
What is checked, all of it on loopback:
  binary    its hash is the published one
  resolve   the socket below a connection is found
  linger    SO_LINGER can be set
  reset     abort() sends RST; tls-reset the same below TLS
  probe     a connection can be looked at without reading
  ports     ephemeral ports are left

Exit codes: 0 when all is well, 1 when not, 2 for wrong usage.

Examples:
  ws-linger doctor                       look at this machine
  ws-linger doctor --json                the same for a program or a bug report
  WS_LINGER_NATIVE=0 ws-linger doctor    without the addon`;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say how sockets are handled here and why, and try it on loopback')
    .option('--json', 'print one JSON object')
    .option(...NO_COLOR_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => {
      const diagnosis = await diagnose();
      console.log(flags.json ? JSON.stringify(diagnosis, null, 2) : render(diagnosis, colorsFor(flags.color)));
      process.exitCode = diagnosis.ok ? 0 : 1;
    });
}

function render(diagnosis: Diagnosis, colors: Colors): string {
  const { ok, platform, node, version, ws, control, reason, binary, checks } = diagnosis;
  const failed = checks.filter((check) => !check.ok).length;
  return [
    `ws-linger ${version}, ws ${ws}, Node ${node} on ${platform}-${process.arch}`,
    `control  ${control}: ${reason}`,
    `binary   ${binary ?? 'none'}`,
    '',
    ...checks.map((check) => {
      const mark = check.ok ? colors.green('✔') : colors.red('✘');
      return `${mark} ${check.name.padEnd(9)}  ${check.detail}`;
    }),
    '',
    ok ? colors.green('All is well.') : colors.red(`${failed} of ${checks.length} checks failed.`),
  ].join('\n');
}
