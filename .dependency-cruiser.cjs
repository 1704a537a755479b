/**
 * The one direction of src/, checked by `npm run lint`: what users hold stands on servers, servers on connections, and so on down.
 *
 *   tools → face → server → connection → liveness → socket-control → vocabulary
 *   telemetry → vocabulary
 *
 * Imports of types count like all others. What may import what is written in one place, LAYERS below; the CONTRIBUTING page shows it.
 */

const FACE =
  '^src/(index|additions|wrapper|browser|websocket|websocket-server|websocket-stream|attach|set-defaults)\\.m?ts$';
const VOCABULARY =
  '^src/(options|defaults|errors|nearest|copies|abort-signal|async-disposal|close-info|close-options|close-sentence|printable|upstream|real-timers|switched-off|version)\\.ts$';

/** From the top down. A layer may import itself, those below it, and telemetry. */
const LAYERS = [
  ['tools', '^src/tools/'],
  ['face', FACE],
  ['server', '^src/server/'],
  ['connection', '^src/connection/'],
  ['liveness', '^src/liveness/'],
  ['socket-control', '^src/socket-control/'],
  ['vocabulary', VOCABULARY],
];

const layerRules = LAYERS.map(([name, from], index) => ({
  name: `${name}-imports-downwards`,
  comment: `${name} may import only itself, what is below it, and telemetry`,
  severity: 'error',
  from: { path: from },
  to: { path: LAYERS.slice(0, index).map(([, path]) => path), dependencyTypesNot: ['npm'] },
}));

/** Decisions, which are tested without a socket or a clock. */
const PURE =
  '^src/(connection/(lifecycle|classify)|liveness/(heartbeat|backpressure)|close-info|close-sentence|printable|tools/top/(?!ask)[^/]+|tools/stability/(plan|profiles|thresholds|checks|junit|outage-addresses))\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'a file that needs another one is not needed by it, for types neither',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    ...layerRules.filter(({ to }) => to.path.length > 0),
    {
      name: 'telemetry-knows-the-vocabulary-alone',
      comment: 'logs, metrics and events know no connection: they are told',
      severity: 'error',
      from: { path: '^src/telemetry/' },
      to: { path: '^src/', pathNot: ['^src/telemetry/', VOCABULARY] },
    },
    {
      name: 'vocabulary-imports-no-telemetry',
      severity: 'error',
      from: { path: VOCABULARY },
      to: { path: '^src/', pathNot: VOCABULARY },
    },
    {
      name: 'pure-files-import-nothing-of-node',
      comment: 'they decide from what they are given',
      severity: 'error',
      from: { path: PURE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'every-file-has-its-place',
      comment: 'src/ has one file for each thing that users hold, and folders for the rest',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+$', pathNot: [FACE, VOCABULARY] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // imports of types, too
    doNotFollow: { path: 'node_modules' },
  },
};
