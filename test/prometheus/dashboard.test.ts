// The Grafana dashboard is one by the types that Grafana generates from its schema. Grafana itself is in no package here.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import ts from 'typescript';
import { ROOT } from '../support/child.js';

const text = readFileSync(join(ROOT, 'examples', 'monitoring', 'grafana-dashboard.json'), 'utf8');

/** What the compiler says of a dashboard, as a literal of the schema's type. */
function faultsOf(dashboard: string): string[] {
  // Where the compiler finds node_modules.
  const folder = mkdtempSync(join(ROOT, 'dist-test', 'dashboard-'));
  const file = join(folder, 'dashboard.ts');
  const types = join(ROOT, 'test', 'prometheus', 'dashboard-types.ts').replaceAll('\\', '/');
  writeFileSync(
    file,
    `import type { PlainDashboard } from '${types}';\nexport const dashboard: PlainDashboard = ${dashboard};\n`,
  );
  const program = ts.createProgram([file], {
    allowImportingTsExtensions: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    types: [],
  });
  const faults = ts.getPreEmitDiagnostics(program).map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'));
  rmSync(folder, { recursive: true });
  return faults;
}

it("the dashboard is one by Grafana's schema", () => {
  assert.deepEqual(faultsOf(text), []);
});

for (const [what, from, to] of [
  ['an unknown field', '"refresh"', '"refreshh"'],
  ['a panel without a position', '"gridPos"', '"place"'],
  ['a value that an enum has not', '"mode": "multi"', '"mode": "many"'],
  ['a text in the place of a number', '"fillOpacity": 20', '"fillOpacity": "20"'],
] as const) {
  it(`it would not be with ${what}`, () => {
    assert.ok(text.includes(from));
    assert.notDeepEqual(faultsOf(text.replace(from, to)), []);
  });
}
