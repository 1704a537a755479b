/** The command `ws-linger doctor`: checks this machine, this installation and the project around it, and prints the findings. */
import { Command } from 'commander';
import { type Diagnosis, diagnose } from '../doctor/diagnose';
import type { OptionsInForce } from '../doctor/options';
import type { KeptEnd } from '../doctor/self-test';
import { type Colors, colorsFor, NO_COLOR_OPTION } from './colors';
import { renderProject } from './doctor-project';
import { wrap } from './wrap';

interface Flags {
  json?: true;
  portable?: true;
  color: boolean;
}

const EXAMPLES = `
The checks, which use connections on loopback:
  options    WS_LINGER_OPTIONS, if it is set, is JSON with right options
  binary     the native addon's file has the published hash
  resolve    the package finds the operating system's socket of a connection
  finish     the package sends FIN before it closes a socket
  reset      abort() sends RST
  probe      the package sees FIN and RST without reading from the socket
  tls-reset  abort() sends RST below TLS
  ports      the machine has ephemeral ports left

It also prints the options that are in force and, in a folder with node_modules,
which copies of ws are there, who asks for them, and which are ws-linger.

Exit codes: 0 when all checks passed, 1 when one failed, 2 for wrong usage.

Examples:
  ws-linger doctor                       check this machine
  ws-linger doctor --json                the same for a program or a bug report
  ws-linger doctor --portable            check without the native addon`;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say whether the native addon is used and why, and test it on loopback')
    .option('--json', 'print one JSON object')
    .option('--portable', 'check without the native addon, as with WS_LINGER_NATIVE=0')
    .option(...NO_COLOR_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => {
      if (flags.portable) process.env.WS_LINGER_NATIVE = '0'; // read when the addon is first asked for
      const diagnosis = await diagnose();
      console.log(flags.json ? JSON.stringify(diagnosis, null, 2) : render(diagnosis, colorsFor(flags.color)));
      process.exitCode = diagnosis.ok ? 0 : 1;
    });
}

function render(diagnosis: Diagnosis, colors: Colors): string {
  const { ok, platform, node, version, ws, control, reason, binary, checks, options, recentEnds, project } = diagnosis;
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
    ...(options ? ['', ...renderOptions(options)] : []),
    ...(recentEnds.length > 0 ? ['', ...renderEnds(recentEnds)] : []),
    ...(project ? ['', renderProject(project, colors)] : []),
    '',
    ok ? colors.green('All checks passed.') : colors.red(`${failed} of ${checks.length} checks failed.`),
  ].join('\n');
}

function renderOptions(options: OptionsInForce): string[] {
  const rows = Object.entries(options).map(([name, { value, from }]) => {
    const text = value === null ? 'no limit' : typeof value === 'string' ? value : JSON.stringify(value);
    return `  ${name.padEnd(17)}  ${from === 'default' ? text : `${text}, by ${from}`}`;
  });
  return ['The options in force where a `linger` option says nothing', ...rows];
}

function renderEnds(ends: KeptEnd[]): string[] {
  const rows = ends.map(({ at, sentence }) =>
    wrap(`${new Date(at).toISOString().slice(11, -1)} ${sentence}`, '  ', '    '),
  );
  return ['What wss.recentEnds() has of these checks', ...rows];
}
