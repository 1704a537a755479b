/** Writes checks as JUnit XML, which CI systems read. Pure. */
import { escaped } from './charts';
import type { RunCheck } from './checks';
import { type StabilityResult, serverName } from './result';

const SUITE = 'ws-linger stability';

/** One testcase for each check. */
export function junitOf(result: StabilityResult, checks: readonly RunCheck[]): string {
  const seconds = (result.durationMs / 1000).toFixed(3);
  const count = (outcome: RunCheck['outcome']) => checks.filter((one) => one.outcome === outcome).length;
  const counts = { tests: checks.length, failures: count('failed'), errors: 0, skipped: count('skipped') };
  const properties = {
    seed: result.seed,
    mix: JSON.stringify(result.mix),
    node: result.node,
    platform: result.platform,
  };
  return documentOf(counts, seconds, [
    // JUnit's schema has no fraction and no zone.
    `<testsuite${attributes({ name: `${SUITE}: ${serverName(result)}`, ...counts, time: seconds, timestamp: result.startedAt.replace(/\..*/, '') })}>`,
    '<properties>',
    ...Object.entries(properties).map(([name, value]) => `<property${attributes({ name, value })}/>`),
    '</properties>',
    ...checks.map(testcase),
    '</testsuite>',
  ]);
}

/** One testcase, for a run that has no result: the command could not run. */
export function junitOfError(message: string): string {
  const counts = { tests: 1, failures: 0, errors: 1, skipped: 0 };
  return documentOf(counts, '0.000', [
    `<testsuite${attributes({ name: SUITE, ...counts, time: '0.000' })}>`,
    `<testcase${attributes({ classname: SUITE, name: 'the run has a result', time: '0.000' })}>`,
    `<error${attributes({ message })}>${escapeXml(message)}</error>`,
    '</testcase>',
    '</testsuite>',
  ]);
}

function documentOf(counts: Record<string, number>, time: string, lines: readonly string[]): string {
  const head = `<testsuites${attributes({ name: SUITE, ...counts, time })}>`;
  return `${['<?xml version="1.0" encoding="UTF-8"?>', head, ...lines, '</testsuites>'].join('\n')}\n`;
}

function testcase({ name, outcome, text }: RunCheck): string {
  const start = `<testcase${attributes({ classname: SUITE, name, time: '0.000' })}>`;
  const message = text.split('\n')[0] as string;
  const inner = {
    passed: `<system-out>${escapeXml(text)}</system-out>`,
    failed: `<failure${attributes({ message })}>${escapeXml(text)}</failure>`,
    skipped: `<skipped${attributes({ message })}/>`,
  };
  return `${start}${inner[outcome]}</testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replace(/[\t\n\r]/g, ' ')}"`)
    .join('');
}

/** What XML 1.0 has no way to write (§2.2): control characters, lone surrogates, U+FFFE and U+FFFF. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Escapes a text, and leaves out what is forbidden in XML. */
export function escapeXml(text: string): string {
  return escaped(text.replace(FORBIDDEN, ''));
}
