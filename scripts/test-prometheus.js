#!/usr/bin/env node

// npm run test:prometheus
//
// Lets a real Prometheus scrape a server of this package whose connections end in every way that has an alert, with the alert rules of
// examples/monitoring loaded, and runs the queries of the alerts and of the Grafana dashboard. Linux, as root the first time, to
// unpack Debian's prometheus. Grafana is not run: its own types check the dashboard.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { compile, runNode, testsIn } = require('./steps.js');

/** The folder of prometheus and promtool; null where they cannot be had. */
function programs() {
  if (process.platform !== 'linux') return null;
  try {
    const script = path.join(__dirname, 'toolchain.sh');
    return execFileSync(script, ['prometheus'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] }).trim();
  } catch {
    return null;
  }
}

const found = programs();
if (found === null) {
  console.log("NOT RUN: needs Linux, and root or Debian's prometheus unpacked by scripts/toolchain.sh.");
  process.exitCode = process.env.CI === 'true' ? 1 : 0;
} else {
  compile();
  const options = ['--test-force-exit', '--test-concurrency=1', '--test-timeout=300000', '--test-reporter=spec'];
  process.exitCode = runNode(['--test', ...options, ...testsIn('prometheus')], { PROMETHEUS_FOLDER: found });
}
