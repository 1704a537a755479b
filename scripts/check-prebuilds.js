#!/usr/bin/env node

// npm run check:prebuilds: builds native/ again, compares the result with prebuilds/ byte for byte, and checks each binary's
// machine, timestamp, security flags, imports, exports, version and size.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { LLVM } = require('./cross-target.js');
const { ARCHES, binaryOf, prebuild } = require('./prebuild.js');
const { root, toolchain } = require('./steps.js');
const { version } = require('../package.json');

/** How large a binary may be, in bytes. */
const BUDGET = 40 * 1024;
const MACHINES = { x64: 'AMD64', ia32: 'I386', arm64: 'ARM64' };

/** What hardens a binary, by its flags in the header: see native/cross/guard.cc for the guard, which is of 64 bits only. */
const FLAGS = {
  x64: ['DYNAMIC_BASE', 'NX_COMPAT', 'HIGH_ENTROPY_VA', 'GUARD_CF'],
  ia32: ['DYNAMIC_BASE', 'NX_COMPAT', 'NO_SEH'],
  arm64: ['DYNAMIC_BASE', 'NX_COMPAT', 'HIGH_ENTROPY_VA', 'GUARD_CF'],
};

const problems = [];
const expect = (file, what, got, wanted) => {
  if (got !== wanted) problems.push(`${file}: ${what} is ${got}, not ${wanted}`);
};

/** Reads both versions of a file: the numbers in VS_FIXEDFILEINFO, which begins with a signature, and the string. */
function versionsOf(bytes) {
  const at = bytes.indexOf(Buffer.from([0xbd, 0x04, 0xef, 0xfe]));
  if (at < 0) return { fixed: 'missing', written: 'missing' };
  const [minor, major, build, patch] = [8, 10, 12, 14].map((offset) => bytes.readUInt16LE(at + offset));
  const key = Buffer.from('ProductVersion\0', 'utf16le');
  const text = bytes.subarray(bytes.indexOf(key) + key.length).toString('utf16le');
  return { fixed: [major, minor, patch, build].join('.'), written: /[^\0]+/.exec(text)[0] };
}

/** The functions of a DLL that native/ may call: what its .def lists. */
function allowed(dll) {
  const text = fs.readFileSync(path.join(root, 'native', 'cross', `${dll.toLowerCase()}.def`), 'utf8');
  return text.split('EXPORTS')[1].trim().split(/\s+/).sort().join();
}

/** Compares the functions that a binary imports of each DLL. */
function checkFunctions(file, text) {
  for (const dll of ['KERNEL32', 'WS2_32']) {
    const block = new RegExp(`^Import \\{\\s+Name: ${dll}\\.dll([^}]*)`, 'm').exec(text)?.[1] ?? '';
    const imported = [...block.matchAll(/Symbol: (\w+)/g)].map(([, name]) => name);
    expect(file, `the list of functions of ${dll}`, imported.sort().join(), allowed(dll));
  }
}

function checkImage(arch) {
  const file = binaryOf(arch);
  const bytes = fs.readFileSync(path.join(root, file));
  const read = execFileSync(`${LLVM}/llvm-readobj`, [
    '--file-headers',
    '--coff-imports',
    '--coff-exports',
    '--coff-load-config',
    '--sections',
    path.join(root, file),
  ]);
  const text = read.toString();
  const names = (block) =>
    [...text.matchAll(new RegExp(`^(?:Delay)?${block} \\{[^}]*?Name: (\\S+)`, 'gm'))].map((match) => match[1]).sort();

  expect(file, 'the machine', /Machine: IMAGE_FILE_MACHINE_(\w+)/.exec(text)[1], MACHINES[arch]);
  expect(file, 'the timestamp', /TimeDateStamp: .*\((0x\w+)\)/.exec(text)[1], '0x0');
  for (const flag of FLAGS[arch]) {
    expect(file, flag, text.includes(`IMAGE_DLL_CHARACTERISTICS_${flag} `), true);
  }
  if (FLAGS[arch].includes('GUARD_CF')) {
    for (const flag of ['CF_INSTRUMENTED', 'CF_FUNCTION_TABLE_PRESENT']) expect(file, flag, text.includes(flag), true);
    const targets = Number(/GuardCFFunctionCount: (\d+)/.exec(text)?.[1] ?? 0);
    expect(file, `a list of ${targets} targets of indirect calls`, targets > 0, true);
  }
  // The import slots of node_imports.cc are in .slots. Nothing else is written to, either.
  expect(file, 'the section .slots', /Name: \.slots /.test(text), true);
  expect(file, 'the number of sections that can be written to', text.split('IMAGE_SCN_MEM_WRITE').length - 1, 0);
  expect(file, 'the list of imports', names('Import').join(), 'KERNEL32.dll,WS2_32.dll');
  checkFunctions(file, text);
  expect(
    file,
    'the list of exports',
    names('Export').join(),
    'napi_register_module_v1,node_api_module_get_api_version_v1',
  );
  const { fixed, written } = versionsOf(bytes);
  expect(file, 'the fixed version', fixed, `${version.split('-')[0]}.0`);
  expect(file, 'the written version', written, version);
  expect(file, `a size of ${bytes.length}, at most ${BUDGET},`, bytes.length <= BUDGET, true);
  console.log(
    `${file}: ${bytes.length} bytes, ${MACHINES[arch]}, ${names('Import').join(' and ')}, ${FLAGS[arch].join(' ')}, ${written}`,
  );
}

function checkBytes() {
  // In the project, so that its dependencies resolve, but under another path, which must not show in the bytes.
  const folder = path.join(root, '.cross', 'rebuilt');
  fs.rmSync(folder, { recursive: true, force: true });
  for (const name of ['package.json', 'binding.gyp', 'native']) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  prebuild(folder);
  for (const file of [...ARCHES.map(binaryOf), 'prebuilds/SHA256SUMS']) {
    const same = fs.readFileSync(path.join(root, file)).equals(fs.readFileSync(path.join(folder, file)));
    expect(file, 'equality with a new build', same, true);
  }
}

toolchain('build');
for (const arch of ARCHES) checkImage(arch);
checkBytes();
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error('Run `npm run prebuild` to build prebuilds/ again.');
process.exitCode = problems.length === 0 ? 0 : 1;
