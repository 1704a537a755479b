/** Renders the result of a stability run as a table of 80 columns. */
import Table from 'cli-table3';
import { allPass, percent, type RunCheck } from '../stability/checks';
import { outagesText, type StabilityResult, serverName, slowPeersText } from '../stability/result';
import { soakSentence } from '../stability/soak';
import type { Colors } from './colors';
import { WIDTH, wrap } from './wrap';

const LABELS = 18;

/** Renders one result, or several side by side. The checks and the verdict below the table are those of the first. */
export function renderTable(
  results: readonly [StabilityResult, ...StabilityResult[]],
  checks: readonly RunCheck[],
  colors: Colors,
): string {
  const [result] = results;
  const rows = results.map((one) => rowsOf(one, colors));
  const width = Math.floor((WIDTH - LABELS - 2) / results.length) - 1;
  const table = new Table({
    style: { head: [], border: [] },
    colWidths: [LABELS, ...results.map(() => width)],
    wordWrap: true,
  });
  for (const [i, [label]] of (rows[0] ?? []).entries()) {
    table.push([label, ...rows.map((column) => column[i]?.[1] ?? '')]);
  }
  const lines = [
    table.toString(),
    ...result.problems.map((problem) => wrap(problem, '  ', '    ')),
    ...checks.filter(({ outcome }) => outcome === 'failed').map((check) => wrap(failure(check), '  ', '    ')),
    verdict(result, allPass(checks), colors),
  ];
  if (results.slice(1).some(({ interrupted }) => interrupted)) {
    lines.push(colors.yellow('INTERRUPTED: the second run is shown as far as it went.'));
  }
  return lines.join('\n');
}

const failure = ({ name, text }: RunCheck): string => `not so: ${name} (${text.split('\n')[0]})`;

function verdict({ pass, interrupted }: StabilityResult, kept: boolean, colors: Colors): string {
  if (interrupted) return colors.yellow('INTERRUPTED: the table shows the run as far as it went.');
  if (!kept) return colors.red('FAIL');
  if (!pass) return colors.green('PASS: the run is within the thresholds.');
  return colors.green('PASS: every connection ended once, in time and with a known cause.');
}

function rowsOf(result: StabilityResult, colors: Colors): [label: string, text: string][] {
  const { connections, messages, slowPeers, leaked, connectMs, closeMs, soak } = result;
  const mark = (good: boolean, text: string) => (good ? text : colors.red(text));
  const seen = (count: number | null) => (count === null ? 'not visible' : String(count));
  const times = (count: number, text: string) => (count === 0 ? 'none' : text);
  const ended = Object.entries(result.kinds);
  const tested = result.url === null ? '' : 'tested with ';
  const rounds = result.rounds > 1 ? `, ${result.rounds} rounds` : '';
  const echo = messages.echo ? `${messages.received} echoed, ${messages.lost} lost` : 'the server does not echo';
  return [
    ['Server', `${serverName(result)}, ${tested}Node ${result.node} on ${result.platform}, seed ${result.seed}`],
    [
      'Connections',
      mark(
        connections.failed === 0,
        `${connections.opened} of ${connections.attempted} opened, ${percent(result.successRate)} ${result.interrupted ? 'had ended' : 'ended'} as expected`,
      ),
    ],
    ['Messages', mark(messages.lost === 0, `${messages.sent} sent, ${echo}`)],
    ['Messages delivered to slow peers', mark(slowPeers.delivered === slowPeers.sent, slowPeersText(result))],
    [
      result.url === null ? 'Ends, reported by both sides' : 'Ends, reported by clients',
      ended.map(([kind, count]) => `${kind} ${count}`).join('\n') || 'none',
    ],
    ['Ends without a known cause', mark(result.unexplained === 0, String(result.unexplained))],
    ['Uncaught exceptions', mark(result.uncaught === 0, String(result.uncaught))],
    [
      'Left at the end',
      mark(!leaked.clients && !leaked.handles, `clients ${seen(leaked.clients)}, handles ${seen(leaked.handles)}`),
    ],
    ['Time to connect', times(connections.opened, `p50 ${connectMs.p50} ms, p99 ${connectMs.p99} ms`)],
    ['Time to end', times(closeMs.max, `p50 ${closeMs.p50} ms, p99 ${closeMs.p99} ms, max ${closeMs.max} ms`)],
    ...(result.outages ? ([['Outages', outagesText(result.outages)]] as [string, string][]) : []),
    ['Duration', `${(result.durationMs / 1000).toFixed(1)} s${rounds}`],
    ...(soak ? ([['Memory', mark(soak.verdict !== 'growing', soakSentence(soak))]] as [string, string][]) : []),
  ];
}
