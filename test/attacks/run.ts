/** npm run test:attacks: attacks plain ws, then this package, and compares. Exit code 1 where a limit is not held. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import Table from 'cli-table3';
import { forkScript } from '../support/child.js';
import { ATTACKS, type Attack } from './attacks.js';
import { HonestClient } from './honest.js';
import { isHeld, judge, type Row } from './judge.js';
import type { FromAttackers, FromSubject, Library, Log, Report, ToSubject } from './messages.js';

interface Setup {
  /** Beginnings of names; none stands for all. */
  names: string[];
  /** In place of each attack's own. */
  seconds: number | null;
  /** Of the number of peers. */
  scale: number;
  /** Descriptors that a process may have for its peers. */
  most: number;
}

async function answerOf<T extends FromSubject['type']>(
  child: ChildProcess,
  type: T,
  question?: ToSubject,
): Promise<FromSubject & { type: T }> {
  if (question) child.send(question);
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [FromSubject];
  if (message.type !== type) throw new Error(`${message.type} in place of ${type}`);
  return message as FromSubject & { type: T };
}

/** Lines that a process writes to stderr. Node's own warnings, such as that it collects garbage, are told by nobody else. */
function countLines(child: ChildProcess): Pick<Log, 'lines' | 'longest'> {
  const counts = { lines: 0, longest: 0 };
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    for (const line of chunk.split('\n').filter(Boolean)) {
      counts.lines++;
      counts.longest = Math.max(counts.longest, line.length);
    }
  });
  return counts;
}

async function suffer(library: Library, { name, seconds }: Attack, { scale, most }: Setup): Promise<Report> {
  const subject = forkScript('attacks/subject', [library, name], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  const stderr = countLines(subject);
  const { port } = await answerOf(subject, 'listening');
  await answerOf(subject, 'began', 'begin');
  const honest = new HonestClient(port);
  const attackers = forkScript('attacks/attackers', [name, port, seconds, scale, most].map(String));
  const [{ done }] = (await once(attackers, 'message')) as [FromAttackers];
  const answers = await honest.stop();
  const held = await answerOf(subject, 'held', 'hold');
  attackers.send('leave');
  const settled = await answerOf(subject, 'settled', 'settle');
  for (const child of [subject, attackers]) {
    child.disconnect();
    if (child.exitCode === null) await once(child, 'exit');
  }
  const { log } = settled.report;
  log.lines += stderr.lines;
  log.busiest = Math.max(log.busiest, stderr.lines);
  log.longest = Math.max(log.longest, stderr.longest);
  return { done, honest: answers, ...held.report, ...settled.report };
}

const shown = (value: number | null) =>
  value === null
    ? ''
    : Math.abs(value) < 10
      ? String(Math.round(value * 10) / 10)
      : Math.round(value).toLocaleString('en');

const ratio = ({ plain, ours }: Row) => (plain > 0 ? `${(ours / plain).toFixed(2)} ×` : '');

function show(name: string, rows: Row[]): void {
  const style = { head: [], border: [], compact: true };
  const table = new Table({ head: [name, 'plain ws', 'ws-linger', '', 'limit', ''], style });
  for (const row of rows) {
    const { measure, plain, ours, limit } = row;
    const verdict = limit === null ? '' : isHeld(row) ? 'held' : 'NOT HELD';
    table.push([measure, shown(plain), shown(ours), ratio(row), shown(limit), verdict]);
  }
  console.log(table.toString());
}

async function main(): Promise<void> {
  const setup = JSON.parse(process.argv[2] as string) as Setup;
  const { names, seconds } = setup;
  const chosen = ATTACKS.filter(({ name }) => names.length === 0 || names.some((begin) => name.startsWith(begin)));
  if (chosen.length === 0) throw new Error(`there are: ${ATTACKS.map(({ name }) => name).join(', ')}`);
  console.log(`node ${process.version} on ${process.platform}`);
  let failed = 0;
  for (const attack of chosen) {
    const timed = { ...attack, seconds: seconds ?? attack.seconds };
    const plain = await suffer('ws-upstream', timed, setup);
    const ours = await suffer('ws-linger', timed, setup);
    const rows = judge(plain, ours, attack.heldPerPeer ?? null);
    show(attack.name, rows);
    failed += rows.filter((row) => !isHeld(row)).length;
  }
  console.log(failed === 0 ? `attacks: ${chosen.length}, every limit is held` : `${failed} LIMITS NOT HELD`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main();
