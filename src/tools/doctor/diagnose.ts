import { loadNative } from '../../socket-control/load';
import { type Installation, installation } from '../installation';
import { checkBinary } from './binary';
import { checkPorts } from './ports';
import { SELF_TESTS } from './self-test';

export interface Check {
  name: string;
  ok: boolean;
  /** What was seen, or the reason why it is not as it should be. */
  detail: string;
}

export interface Diagnosis extends Installation {
  /** Whether all checks are. */
  ok: boolean;
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
    ...installation(),
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
