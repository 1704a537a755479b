import { loadNative } from '../socket-control/load';
import { checkBinary } from './binary';
import { checkPorts } from './ports';
import { SELF_TESTS } from './self-test';

export interface Check {
  name: string;
  ok: boolean;
  /** What was seen, or the reason why it is not as it should be. */
  detail: string;
}

export interface Diagnosis {
  /** Whether all checks are. */
  ok: boolean;
  platform: NodeJS.Platform;
  node: string;
  /** This package's version. */
  version: string;
  ws: string;
  control: 'native' | 'portable';
  /** Why it is this control. */
  reason: string;
  /** The addon's file; null where there is none for this platform. */
  binary: string | null;
  checks: Check[];
}

/** How long one check may take, in ms. Loopback answers at once, or something keeps it from answering. */
const LIMIT = 5_000;

/** Looks at this machine and this installation. */
export async function diagnose(): Promise<Diagnosis> {
  const loaded = loadNative();
  const checks: Check[] = [await check('binary', async () => checkBinary(loaded))];
  for (const [name, run] of Object.entries(SELF_TESTS)) {
    checks.push(await check(name, async (signal) => ({ ok: true, detail: await run(signal) })));
  }
  checks.push(await check('ports', checkPorts));
  return {
    ok: checks.every(({ ok }) => ok),
    platform: process.platform,
    node: process.version,
    version: require('../../package.json').version,
    ws: require('ws-upstream/package.json').version,
    control: loaded.binding ? 'native' : 'portable',
    reason: loaded.reason,
    binary: loaded.path,
    checks,
  };
}

type Run = (signal: AbortSignal) => Promise<Omit<Check, 'name'>>;

async function check(name: string, run: Run): Promise<Check> {
  try {
    return { name, ...(await run(AbortSignal.timeout(LIMIT))) };
  } catch (error) {
    const late = (error as Error).name === 'AbortError' || (error as Error).name === 'TimeoutError';
    return { name, ok: false, detail: late ? `nothing within ${LIMIT} ms` : (error as Error).message };
  }
}
