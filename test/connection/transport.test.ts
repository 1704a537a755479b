// What of the bytes that came last were the end's own.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { brokenFrameBytes } from '../../dist/connection/transport.js';

/** The longest header of a frame (RFC 6455 §5.2). */
const HEADER = 14;

const CASES: [what: string, receiver: object | null, came: number, bytes: number][] = [
  ['its header', {}, 6, HEADER],
  ['its header, where ws has no receiver any more', null, 6, HEADER],
  ['its header, and what came behind it', { _bufferedBytes: 3 }, 9, HEADER + 3],
  ['its header and its payload, which was read', { _payloadLength: 1_000 }, 1_006, HEADER + 1_000],
  ['its header alone, where the payload never came', { _payloadLength: 1_000 }, 6, HEADER],
  [
    'its header, its payload, and what came behind them',
    { _payloadLength: 1_000, _bufferedBytes: 50 },
    1_056,
    HEADER + 1_050,
  ],
];

for (const [what, receiver, came, bytes] of CASES) {
  it(`of a broken frame: ${what}`, () => {
    assert.equal(brokenFrameBytes({ _receiver: receiver } as never, came), bytes);
  });
}
