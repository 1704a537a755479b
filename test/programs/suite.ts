/** Runs each program with each fault, with plain ws and with ws-linger, and compares what the program says. */
import { after, before, describe, it } from 'node:test';
import type { Platform } from '../install/projects.js';
import { assertSame, type Row, table } from './compare.js';
import { FAULTS, type Fault } from './link.js';
import { PROGRAMS } from './list.js';
import { assertInstalled, installProjects, type Projects } from './projects.js';
import { runProgram } from './run.js';

/** How many programs run at once, each with both: most of the time they wait. */
const AT_ONCE = { here: 3, windows: 2 };

/** Whether Chromium can run. If not, scripts/test-install.js prints that, or fails under CI. */
const canRunBrowser = process.env.WS_LINGER_TEST_BROWSER === '1';

export function definePrograms(platform: Platform): void {
  const rows: Row[] = [];
  after(() =>
    console.log(
      table(
        rows,
        PROGRAMS.map(({ name }) => name),
      ),
    ),
  );
  let projects: Projects;
  before(async () => {
    projects = await installProjects();
  });

  it('each program gets ws-linger, and one that asks for ws 7 keeps it', () => assertInstalled(projects));

  describe('events, shutdown and stderr are as with plain ws', { concurrency: AT_ONCE[platform] }, () => {
    for (const program of PROGRAMS) {
      for (const fault of Object.keys(FAULTS) as Fault[]) {
        const skip = program.needsBrowser && !canRunBrowser;
        it(`${program.name}: ${FAULTS[fault]}`, { skip }, async () => {
          const run = (folder: string) => runProgram(program, fault, folder, platform);
          const [plain, ours] = await Promise.all([run(projects.plain), run(projects.ours)]);
          rows.push({ program: program.name, fault, plain, ours });
          assertSame(plain, ours);
        });
      }
    }
  });
}
