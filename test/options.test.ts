// Invalid options are refused with a stable code before anything is opened.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { loadNative } from '../dist/socket-control/load.js';

/** Without a prototype, as query strings, INI files and schema validators make them. */
const bare = (values: object) => Object.assign(Object.create(null), values);

class SoonOptions {
  get closeTimeout(): string {
    return 'soon';
  }
}

const cases: [string, unknown, string, RegExp][] = [
  ['an unknown name', { closeTimeOut: 1 }, 'WSL_ERR_UNKNOWN_OPTION', /did you mean linger\.closeTimeout\?/],
  ['a name like no option', { banana: 1 }, 'WSL_ERR_UNKNOWN_OPTION', /linger\.banana is no option$/],
  ['seconds, as in setsockopt()', { seconds: 5 }, 'WSL_ERR_UNKNOWN_OPTION', /linger\.seconds/],
  ['a string for a time', { closeTimeout: '2s' }, 'WSL_ERR_OPTION_TYPE', /number of milliseconds/],
  ['a time of 0', { closeTimeout: 0 }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['an infinite time', { closeDeadline: Number.POSITIVE_INFINITY }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['a fraction of a millisecond', { closeDeadline: 0.5 }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['an unknown value', { terminate: 'auto' }, 'WSL_ERR_OPTION_RANGE', /'reset', 'destroy'/],
  ['a boolean for a string', { onTimeout: true }, 'WSL_ERR_OPTION_TYPE', /one of/],
  ['a logger without methods', { logger: {} }, 'WSL_ERR_OPTION_TYPE', /debug\(\) and warn\(\)/],
  ['an unknown control', { control: 'kernel' }, 'WSL_ERR_OPTION_RANGE', /one of/],
  ['a string for a heartbeat', { heartbeat: 'fast' }, 'WSL_ERR_OPTION_TYPE', /true, false or an object/],
  ['a heartbeat with an interval of 0', { heartbeat: { interval: 0 } }, 'WSL_ERR_OPTION_RANGE', /heartbeat\.interval/],
  [
    'a misspelt option of a heartbeat',
    { heartbeat: { timout: 5 } },
    'WSL_ERR_UNKNOWN_OPTION',
    /did you mean linger\.heartbeat\.timeout/,
  ],
  ['a negative amount', { maxBufferedAmount: -1 }, 'WSL_ERR_OPTION_RANGE', /positive integer or Infinity/],
  ['a string for an amount', { maxBufferedAmount: '1 MB' }, 'WSL_ERR_OPTION_TYPE', /number of bytes/],
  ['an infinite sendTimeout', { sendTimeout: Number.POSITIVE_INFINITY }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['a string for guard', { guard: 'on' }, 'WSL_ERR_OPTION_TYPE', /true or false/],
  ['an upgradeTimeout of 0', { upgradeTimeout: 0 }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['an array in place of an object', [], 'WSL_ERR_OPTION_TYPE', /linger must be an object, not Array/],
  ['a Map in place of an object', new Map([['closeTimeout', 5]]), 'WSL_ERR_OPTION_TYPE', /an object, not Map/],
  ['a Map for a heartbeat', { heartbeat: new Map() }, 'WSL_ERR_OPTION_TYPE', /true, false or an object, not Map/],
  ['an inherited value', Object.create({ closeTimeout: 'soon' }), 'WSL_ERR_OPTION_TYPE', /number of milliseconds/],
  ['an inherited name', Object.create({ closeTimeOut: 1 }), 'WSL_ERR_UNKNOWN_OPTION', /did you mean/],
  [
    'a value inherited from an object without a prototype',
    Object.create(bare({ closeTimeout: 'soon' })),
    'WSL_ERR_OPTION_TYPE',
    /number of milliseconds/,
  ],
  [
    'a name inherited from an object without a prototype',
    Object.create(bare({ closeTimeOut: 1 })),
    'WSL_ERR_UNKNOWN_OPTION',
    /did you mean/,
  ],
  [
    'a value of a heartbeat inherited from an object without a prototype',
    { heartbeat: Object.create(bare({ interval: 0 })) },
    'WSL_ERR_OPTION_RANGE',
    /heartbeat\.interval/,
  ],
  [
    'a getter that gives something wrong',
    {
      get closeTimeout() {
        return 'soon';
      },
    },
    'WSL_ERR_OPTION_TYPE',
    /number of milliseconds/,
  ],
  ['a getter of a class', new SoonOptions(), 'WSL_ERR_OPTION_TYPE', /number of milliseconds/],
  [
    'a value that is not enumerable',
    Object.defineProperty({}, 'closeTimeout', { value: 'soon' }),
    'WSL_ERR_OPTION_TYPE',
    /number of milliseconds/,
  ],
  ['null', null, 'WSL_ERR_OPTION_TYPE', /linger must be an object, not null/],
  ['a negative number of ends', { recentEnds: -1 }, 'WSL_ERR_OPTION_RANGE', /from 0 to/],
  ['a number in place of an object', 7, 'WSL_ERR_OPTION_TYPE', /linger must be an object, not number/],
];

const entries: [string, (linger: never) => unknown][] = [
  ['WebSocketServer', (linger) => new WebSocketServer({ port: 0, linger })],
  ['WebSocket', (linger) => new WebSocket('ws://127.0.0.1:1', { linger })],
  ['WebSocket with protocols', (linger) => new WebSocket('ws://127.0.0.1:1', ['a'], { linger })],
  ['attach()', (linger) => attach(new Upstream.WebSocketServer({ noServer: true }), linger)],
];

for (const [entry, open] of entries) {
  describe(entry, () => {
    for (const [what, linger, code, message] of cases) {
      it(`refuses ${what}`, () => {
        assert.throws(
          () => open(linger as never),
          (error: Error & { code: string }) => {
            assert.equal(error.code, code);
            assert.match(error.message, message);
            assert.ok(code === 'WSL_ERR_OPTION_RANGE' ? error instanceof RangeError : error instanceof TypeError);
            return true;
          },
        );
      });
    }
  });
}

it("control: 'native' is refused with the reason where the addon is not loaded", () => {
  const { binding, reason } = loadNative();
  const open = () => new WebSocketServer({ noServer: true, linger: { control: 'native' } });
  if (binding) open();
  else assert.throws(open, { code: 'WSL_ERR_NATIVE_UNAVAILABLE', message: new RegExp(reason) });
});

it("closeDeadline defaults to ws's own closeTimeout", async () => {
  const { parseOptions } = await import('../dist/defaults.js');
  assert.equal(parseOptions({}, 5_000).closeDeadline, 5_000);
  assert.equal(parseOptions({ closeDeadline: 7_000 }, 5_000).closeDeadline, 7_000);
  assert.equal(parseOptions(undefined).closeDeadline, 30_000);
});

it('what a class or a library adds to an object, and nobody enumerates, is no option', () => {
  class Options {
    closeTimeout = 50;
    toJSON() {}
  }
  const given = Object.defineProperty(new Options(), '__ob__', { value: {} });
  new WebSocketServer({ noServer: true, linger: given });
});

it('a getter is read once, so that what was checked is what counts', async () => {
  const { parseOptions } = await import('../dist/defaults.js');
  const times = [50, 'never'];
  const heartbeats = [{ interval: 5 }, 7];
  const options = {
    get closeTimeout() {
      return times.shift();
    },
    get heartbeat() {
      return heartbeats.shift();
    },
  };
  const settings = parseOptions(options);
  assert.deepEqual([settings.closeTimeout, settings.heartbeat?.interval], [50, 5]);
});

it('values inherited from an object without a prototype count, those of the Object.prototype of another realm do not', async () => {
  const { parseOptions } = await import('../dist/defaults.js');
  const inherited = Object.create(bare({ closeTimeout: 50, heartbeat: Object.create(bare({ interval: 5 })) }));
  const settings = parseOptions(inherited);
  assert.deepEqual([settings.closeTimeout, settings.heartbeat?.interval], [50, 5]);
  const foreign = runInNewContext('Object.prototype.sendTimeout = 1; ({ closeTimeout: 50 })');
  assert.equal(parseOptions(foreign).sendTimeout, Number.POSITIVE_INFINITY);
});

it('values of a class of options count, those of a polluted Object.prototype do not', async () => {
  const { parseOptions } = await import('../dist/defaults.js');
  class Config {
    get closeTimeout() {
      return 50;
    }
  }
  Object.defineProperty(Config.prototype, 'closeTimeout', { enumerable: true });
  const polluted = Object.prototype as { sendTimeout?: number; linger?: object; interval?: number };
  Object.assign(polluted, { sendTimeout: 1, interval: 1, linger: { closeTimeout: 1 } });
  try {
    const settings = parseOptions(Object.assign(new Config(), { heartbeat: {} }));
    assert.deepEqual(
      [settings.closeTimeout, settings.sendTimeout, settings.heartbeat?.interval],
      [50, Number.POSITIVE_INFINITY, 30_000],
    );
    const wss = new WebSocketServer({ noServer: true });
    assert.equal((wss.options as { linger?: unknown }).linger, polluted.linger, 'seen by inheritance only');
    assert.ok(!Object.hasOwn(wss.options, 'linger'));
  } finally {
    for (const name of ['sendTimeout', 'interval', 'linger'] as const) delete polluted[name];
  }
});

it('an option beside linger is named in one warning with a code', async () => {
  const warned = once(process, 'warning');
  new WebSocketServer({ noServer: true, heartbeat: true } as never);
  new WebSocketServer({ noServer: true, sendTimeout: 5 } as never);
  const [warning] = (await warned) as [Error & { code: string }];
  assert.equal(warning.code, 'WSL_WARN_MISPLACED_OPTION');
  assert.match(warning.message, /heartbeat.*linger: \{ heartbeat/);
  let more = 0;
  process.on('warning', () => more++);
  await new Promise(setImmediate);
  assert.equal(more, 0);
});
