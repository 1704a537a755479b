// Options from outside: setDefaults() and the environment variable WS_LINGER_OPTIONS, and which of them counts.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import WebSocket, { attach, type LingerOptions, setDefaults, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { kGroup } from '../dist/copies.js';
import { parseOptions } from '../dist/defaults.js';
import { loadNative } from '../dist/socket-control/load.js';
import { type Ended, parseOutput, ROOT, runNode } from './support/child.js';
import { loadCopy } from './support/copies.js';

interface Settings {
  closeTimeout: number;
  closeDeadline: number;
  [name: string]: unknown;
}

/** The settings of a server, of this package or attached to. */
function settingsOf(wss: object): Settings {
  const { options } = wss as { options: { [kGroup]: { settings: Settings } } };
  return options[kGroup].settings;
}

const serverWith = (linger?: LingerOptions) => new WebSocketServer({ noServer: true, ...(linger && { linger }) });

describe('setDefaults()', () => {
  afterEach(() => setDefaults({}));

  it('counts for servers and attached ones that are made later, and leaves those that are there', () => {
    const before = serverWith();
    setDefaults({ maxAge: 5_000, recentEnds: 3 });
    for (const wss of [serverWith(), attach(new Upstream.WebSocketServer({ noServer: true }))]) {
      const { maxAge, recentEnds, keepAlive } = settingsOf(wss);
      assert.deepEqual([maxAge, recentEnds, keepAlive], [5_000, 3, 30_000]);
    }
    assert.equal(settingsOf(before).maxAge, Number.POSITIVE_INFINITY);
  });

  it('gives way to what a `linger` says, option by option, and undefined says nothing', () => {
    setDefaults({ maxAge: 5_000, heartbeat: { interval: 70 } });
    const { maxAge, heartbeat, sendTimeout } = settingsOf(
      serverWith({ heartbeat: true, maxAge: undefined as never, sendTimeout: 9 }),
    );
    assert.deepEqual([maxAge, heartbeat, sendTimeout], [5_000, { interval: 30_000, timeout: 10_000 }, 9]);
  });

  it('takes the place of an earlier call as a whole', () => {
    setDefaults({ maxAge: 5_000 });
    setDefaults({ sendTimeout: 5 });
    const { maxAge, sendTimeout } = settingsOf(serverWith());
    assert.deepEqual([maxAge, sendTimeout], [Number.POSITIVE_INFINITY, 5]);
    setDefaults({});
    assert.equal(settingsOf(serverWith()).sendTimeout, Number.POSITIVE_INFINITY);
  });

  it("counts more than ws's own closeTimeout, as a `linger` does", () => {
    setDefaults({ closeTimeout: 500 });
    const { closeTimeout, closeDeadline } = parseOptions(undefined, 7_000);
    assert.deepEqual([closeTimeout, closeDeadline], [500, 7_000]);
  });

  // Two limits that contradict each other are of two places, and neither of those is wrong.
  for (const [defaults, linger, expected] of [
    [{ closeTimeout: 60_000 }, { closeDeadline: 9_000 }, [9_000, 9_000]],
    [{ closeDeadline: 1_000 }, { closeTimeout: 5_000 }, [5_000, 5_000]],
    [{ closeTimeout: 100, closeDeadline: 200 }, { closeTimeout: 300 }, [300, 300]],
    [{ closeTimeout: 100, closeDeadline: 200 }, { closeDeadline: 50 }, [50, 50]],
    [{ closeDeadline: 1_000 }, undefined, [1_000, 1_000]],
    [{ closeTimeout: 60_000 }, {}, [60_000, 60_000]],
  ] as const) {
    it(`with ${JSON.stringify(defaults)} and a linger of ${JSON.stringify(linger)} has limits of ${expected}`, () => {
      setDefaults(defaults);
      const { closeTimeout, closeDeadline } = settingsOf(serverWith(linger));
      assert.deepEqual([closeTimeout, closeDeadline], expected);
    });
  }

  it('throws nothing at a client for options that only servers have', () => {
    setDefaults({ recentEnds: 5, upgradeTimeout: 100 });
    const ws = new WebSocket('ws://127.0.0.1:1', { linger: { logger: false } });
    ws.on('error', () => {}).terminate();
  });

  it('refuses wrong options as a `linger` does, and changes nothing', () => {
    setDefaults({ maxAge: 5_000 });
    const wrong: [unknown, string, RegExp][] = [
      [{ sendTimeout: 5, maxage: 7 }, 'WSL_ERR_UNKNOWN_OPTION', /defaults\.maxage is no option.*defaults\.maxAge\?/],
      [{ sendTimeout: 5, maxAge: '7' }, 'WSL_ERR_OPTION_TYPE', /defaults\.maxAge must be a number/],
      [
        { closeTimeout: 5, closeDeadline: 4 },
        'WSL_ERR_OPTION_RANGE',
        /defaults\.closeDeadline \(4\) must not be below/,
      ],
      [{ heartbeat: { intervall: 5 } }, 'WSL_ERR_UNKNOWN_OPTION', /defaults\.heartbeat\.intervall/],
      [undefined, 'WSL_ERR_OPTION_TYPE', /defaults must be an object, not undefined/],
    ];
    for (const [options, code, message] of wrong)
      assert.throws(() => setDefaults(options as LingerOptions), { code, message });
    const { maxAge, sendTimeout } = settingsOf(serverWith());
    assert.deepEqual([maxAge, sendTimeout], [5_000, Number.POSITIVE_INFINITY]);
  });

  const withoutAddon = loadNative().binding === null ? it : () => {};
  withoutAddon("refuses control: 'native' where the addon is not loaded", () => {
    assert.throws(() => setDefaults({ control: 'native' }), {
      code: 'WSL_ERR_NATIVE_UNAVAILABLE',
      message: /^defaults\.control is 'native', but /,
    });
    assert.equal(settingsOf(serverWith()).control, 'auto');
  });

  it('reads its options once, so that a change of the object changes nothing', () => {
    const options: LingerOptions = { heartbeat: { interval: 70 } };
    setDefaults(options);
    Object.assign(options, { heartbeat: { interval: 80 }, maxAge: 5 });
    const { heartbeat, maxAge } = settingsOf(serverWith());
    assert.deepEqual([heartbeat, maxAge], [{ interval: 70, timeout: 10_000 }, Number.POSITIVE_INFINITY]);
  });

  it('holds for every copy of the package in the process', () => {
    const other = loadCopy();
    setDefaults({ maxAge: 5_000 });
    assert.equal(settingsOf(new other.WebSocketServer({ noServer: true })).maxAge, 5_000);
    other.setDefaults({ maxAge: 6_000 });
    assert.equal(settingsOf(serverWith()).maxAge, 6_000);
  });

  it('lets clients without options share one group, before and after', () => {
    assert.equal(parseOptions(undefined), parseOptions(undefined));
    setDefaults({ maxAge: 5_000 });
    assert.equal(parseOptions(undefined), parseOptions(undefined));
  });
});

/** Runs a script in a process of its own with this in the environment variable. */
function run(code: string, variable?: string, more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { WS_LINGER_OPTIONS: _, ...env } = { ...process.env, ...more };
  if (variable !== undefined) env.WS_LINGER_OPTIONS = variable;
  return runNode(['-e', code], { cwd: ROOT, env });
}

/** Prints two settings of a server whose program has set one of them in each way. */
const PROGRAM = `
  const { setDefaults, WebSocketServer } = require('ws-linger');
  setDefaults({ maxAge: 1, sendTimeout: 1, keepAlive: 1 });
  const { options } = new WebSocketServer({ noServer: true, linger: { keepAlive: 3 } });
  const { maxAge, sendTimeout, keepAlive } = options[Symbol.for('ws-linger.1.group')].settings;
  console.log(JSON.stringify([maxAge, sendTimeout, keepAlive]));`;

describe('WS_LINGER_OPTIONS', () => {
  it('counts more than setDefaults(), and less than a `linger`', async () => {
    assert.deepEqual(parseOutput(await run(PROGRAM, '{"maxAge":2,"keepAlive":2}')), [2, 1, 3]);
  });

  for (const [what, variable] of [
    ['not set', undefined],
    ['empty', ''],
    ['blank', ' '],
    ['an empty object', '{}'],
  ] as const) {
    it(`changes nothing where it is ${what}`, async () => {
      assert.deepEqual(parseOutput(await run(PROGRAM, variable)), [1, 1, 3]);
    });
  }

  it('keeps an unexpected end off stderr with {"logger":false}', async () => {
    const code = `
      const net = require('node:net');
      const { WebSocketServer } = require('ws-linger');
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
        net.connect(wss.address().port, '127.0.0.1').end('GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\n' +
          'Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\nbad');
      });
      wss.on('connection', (ws) => ws.on('disconnect', ({ kind }) => { console.log(JSON.stringify(kind)); wss.close(); }));`;
    const { stdout, stderr } = await run(code, '{"logger":false}');
    assert.deepEqual([stdout, stderr], ['"protocol-error"\n', '']);
    assert.match((await run(code)).stderr, /protocol-error/);
  });

  it('is read when it was set after loading, before the first use', async () => {
    const code = `require('ws-linger'); process.env.WS_LINGER_OPTIONS = '{"maxAge":2}';${PROGRAM}`;
    assert.deepEqual(parseOutput(await run(code)), [2, 1, 3]);
  });

  const wrong: [string, string, RegExp][] = [
    ['is no JSON', '{maxAge: 2}', /WS_LINGER_OPTIONS is no JSON: /],
    ['has a wrong name', '{"maxAge":2,"closeTimout":2}', /WS_LINGER_OPTIONS\.closeTimout is no option, did you mean/],
    ['has a wrong type', '{"maxAge":2,"closeTimeout":"2s"}', /WS_LINGER_OPTIONS\.closeTimeout must be a number/],
    ['has a wrong value', '{"maxAge":2,"keepAlive":-1}', /WS_LINGER_OPTIONS\.keepAlive must be an integer/],
    ['has limits that contradict each other', '{"closeTimeout":5,"closeDeadline":4}', /must not be below/],
    ['has null', '{"maxAge":null}', /WS_LINGER_OPTIONS\.maxAge must be a number of milliseconds, not null/],
    ['is an array', '[]', /WS_LINGER_OPTIONS must be an object, not Array/],
    ['is a string', '"closeTimeout=5"', /WS_LINGER_OPTIONS must be an object, not string/],
    ['has a logger', '{"logger":{}}', /WS_LINGER_OPTIONS\.logger must be false or a logger/],
    ['has the name of a prototype', '{"__proto__":{"maxAge":2}}', /WS_LINGER_OPTIONS\.__proto__ is no option/],
  ];
  for (const [what, variable, message] of wrong) {
    it(`stops a program that loads the package, with one error, where it ${what}`, async () => {
      const catching = `try { require('ws-linger'); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
      const caught = parseOutput<{ code: string; message: string }>(await run(catching, variable));
      assert.equal(caught.code, 'WSL_ERR_ENVIRONMENT');
      assert.match(caught.message, message);
      assert.doesNotMatch(caught.message, /\n/);
      const { code, stderr } = await run(`require('ws-linger')`, variable);
      assert.equal(code, 1);
      assert.equal(stderr.match(/WS_LINGER_OPTIONS/g)?.length, caught.message.match(/WS_LINGER_OPTIONS/g)?.length);
    });
  }

  it('stops a program that imports the package, too', async () => {
    const { code, stderr } = await runNode(['--input-type=module', '-e', `import 'ws-linger'`], {
      cwd: ROOT,
      env: { ...process.env, WS_LINGER_OPTIONS: 'no' },
    });
    assert.equal(code, 1);
    assert.match(stderr, /WSL_ERR_ENVIRONMENT/);
  });

  it('refuses at each use what was wrong before the first one, so that no program runs with half of it', async () => {
    const code = `
      const { WebSocketServer } = require('ws-linger');
      process.env.WS_LINGER_OPTIONS = '{"maxAge":2,"nonsense":2}';
      const codes = [1, 2].map(() => { try { new WebSocketServer({ noServer: true }); } catch ({ code }) { return code; } });
      console.log(JSON.stringify(codes));`;
    assert.deepEqual(parseOutput(await run(code)), ['WSL_ERR_ENVIRONMENT', 'WSL_ERR_ENVIRONMENT']);
  });

  it("names itself where it asks for the addon that is not loaded, with control: 'native'", async () => {
    const { code, stderr } = await run(`require('ws-linger')`, '{"control":"native"}', { WS_LINGER_NATIVE: '0' });
    assert.equal(code, 1);
    assert.match(stderr, /WS_LINGER_OPTIONS\.control is 'native', but [\s\S]*WSL_ERR_NATIVE_UNAVAILABLE/);
  });

  it('is not read with WS_LINGER=off', async () => {
    const code = `console.log(JSON.stringify(require('ws-linger') === require('ws-upstream')))`;
    assert.equal(parseOutput(await run(code, 'no JSON', { WS_LINGER: 'off' })), true);
  });

  it('costs a program nothing to load where it is not set: nothing is parsed', async () => {
    const code = `
      const parse = JSON.parse;
      let parsed = 0;
      JSON.parse = (...args) => { parsed++; return parse(...args); };
      const { WebSocketServer } = require('ws-linger');
      new WebSocketServer({ noServer: true });
      console.log(JSON.stringify(parsed));`;
    assert.equal(parseOutput(await run(code)), 0);
    assert.equal(parseOutput(await run(code, '{"maxAge":2}')), 1);
  });
});
