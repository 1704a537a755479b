// Wrong options are refused with a stable code before anything is opened.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { loadNative } from '../dist/socket-control/load.js';

const cases: [string, unknown, string, RegExp][] = [
  ['an unknown name', { closeTimeOut: 1 }, 'WSL_ERR_UNKNOWN_OPTION', /did you mean linger\.closeTimeout\?/],
  ['a name far from all', { banana: 1 }, 'WSL_ERR_UNKNOWN_OPTION', /linger\.banana is no option$/],
  ['linger in seconds, as setsockopt has it', { seconds: 5 }, 'WSL_ERR_UNKNOWN_OPTION', /linger\.seconds/],
  ['a time in words', { closeTimeout: '2s' }, 'WSL_ERR_OPTION_TYPE', /number of milliseconds/],
  ['no time at all', { closeTimeout: 0 }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['a time without end', { closeDeadline: Number.POSITIVE_INFINITY }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['half a millisecond', { closeDeadline: 0.5 }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['a wrong word', { terminate: 'auto' }, 'WSL_ERR_OPTION_RANGE', /'reset', 'destroy'/],
  ['a boolean for a word', { onTimeout: true }, 'WSL_ERR_OPTION_TYPE', /one of/],
  ['a logger that cannot log', { logger: {} }, 'WSL_ERR_OPTION_TYPE', /debug\(\) and warn\(\)/],
  ['a control that is none', { control: 'kernel' }, 'WSL_ERR_OPTION_RANGE', /one of/],
  ['a heartbeat in words', { heartbeat: 'fast' }, 'WSL_ERR_OPTION_TYPE', /true, false or an object/],
  ['a heartbeat without an interval', { heartbeat: { interval: 0 } }, 'WSL_ERR_OPTION_RANGE', /heartbeat\.interval/],
  [
    'a misspelt part of it',
    { heartbeat: { timout: 5 } },
    'WSL_ERR_UNKNOWN_OPTION',
    /did you mean linger\.heartbeat\.timeout/,
  ],
  ['a negative amount', { maxBufferedAmount: -1 }, 'WSL_ERR_OPTION_RANGE', /positive integer or Infinity/],
  ['an amount in words', { maxBufferedAmount: '1 MB' }, 'WSL_ERR_OPTION_TYPE', /number of bytes/],
  ['a send time without end', { sendTimeout: Number.POSITIVE_INFINITY }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['a guard by name', { guard: 'on' }, 'WSL_ERR_OPTION_TYPE', /true or false/],
  ['no time to answer', { upgradeTimeout: 0 }, 'WSL_ERR_OPTION_RANGE', /from 1 to/],
  ['no object', 7, 'WSL_ERR_OPTION_TYPE', /linger must be an object, not number/],
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

it("control: 'native' is refused where the addon is not loaded, with the reason", () => {
  const { binding, reason } = loadNative();
  const open = () => new WebSocketServer({ noServer: true, linger: { control: 'native' } });
  if (binding) open();
  else assert.throws(open, { code: 'WSL_ERR_NATIVE_UNAVAILABLE', message: new RegExp(reason) });
});

it("ws's closeTimeout is the deadline of a close where linger.closeDeadline is not given", async () => {
  const { parseOptions } = await import('../dist/options.js');
  assert.equal(parseOptions({}, 5_000).closeDeadline, 5_000);
  assert.equal(parseOptions({ closeDeadline: 7_000 }, 5_000).closeDeadline, 7_000);
  assert.equal(parseOptions(undefined).closeDeadline, 30_000);
});
