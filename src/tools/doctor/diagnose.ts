/** Runs all checks of `ws-linger doctor`, each with a time limit. */
import { loadNative } from '../../socket-control/load';
import { isSwitchedOff } from '../../switched-off';
import { type Installation, installation } from '../installation';
import { checkBinary } from './binary';
import { checkOptions, type OptionsInForce, optionsInForce } from './options';
import { checkPorts } from './ports';
import { inspectProject, type Project } from './project';
import { type KeptEnd, SELF_TESTS } from './self-test';

export interface Check {
  name: string;
  ok: boolean;
  /** What the check found: a sentence for people. */
  detail: string;
}

export interface Diagnosis extends Installation {
  /** Whether all checks passed. */
  ok: boolean;
  /** The path of the addon's file. Null when the package has none for this platform. */
  binary: string | null;
  checks: Check[];
  /** The options that count where a `linger` option says nothing; null where none do. */
  options: OptionsInForce | null;
  /** What the servers of the checks have kept for recentEnds(). */
  recentEnds: KeptEnd[];
  /** The copies of ws beneath the folder in which this runs; null where it has no node_modules. */
  project: Project | null;
}

/** How long one check may take, in ms. Loopback normally answers at once, so a late answer means that it is blocked. */
const TIMEOUT_MS = 5_000;

/** Checks this machine and this installation. */
export async function diagnose(): Promise<Diagnosis> {
  const loaded = loadNative();
  const checks: Check[] = [
    await check('options', async () => checkOptions()),
    await check('binary', async () => checkBinary(loaded)),
  ];
  const hasOptions = checks[0]?.ok && !isSwitchedOff;
  if (!hasOptions) delete process.env.WS_LINGER_OPTIONS; // said once; the other checks are of the machine
  const recentEnds: KeptEnd[] = [];
  for (const [name, run] of Object.entries(SELF_TESTS)) {
    checks.push(
      await check(name, async (signal) => ({ ok: true, detail: await run(signal, (end) => recentEnds.push(end)) })),
    );
  }
  checks.push(await check('ports', checkPorts));
  return {
    ok: checks.every(({ ok }) => ok),
    ...installation(),
    binary: loaded.path,
    checks,
    options: hasOptions ? optionsInForce() : null,
    recentEnds,
    project: inspectProject(process.cwd()),
  };
}

type Run = (signal: AbortSignal) => Promise<Omit<Check, 'name'>>;

async function check(name: string, run: Run): Promise<Check> {
  try {
    return { name, ...(await run(AbortSignal.timeout(TIMEOUT_MS))) };
  } catch (error) {
    const late = (error as Error).name === 'AbortError' || (error as Error).name === 'TimeoutError';
    return { name, ok: false, detail: late ? `timed out after ${TIMEOUT_MS} ms` : (error as Error).message };
  }
}
