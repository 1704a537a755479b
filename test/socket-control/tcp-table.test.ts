// The text of Linux's tables of TCP connections: which row is a connection's, and what is none.
import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { describe, it } from 'node:test';
import { keyIn, keyOf, lookIn } from '../../dist/socket-control/tcp-table.js';

const ends = { localAddress: '127.0.0.1', localPort: 8080, remoteAddress: '10.0.0.7', remotePort: 50_000 };
const KEY = endianness() === 'LE' ? '0100007F:1F90 0700000A:C350' : '7F000001:1F90 0A000007:C350';

describe('the key of a connection', () => {
  it('is what the table has', () => {
    assert.equal(keyOf(ends), KEY);
    assert.equal(keyIn(`  12: ${KEY} 01 00000000:00000000 00:00000000 00000000     0        0 1`), KEY);
  });

  for (const address of ['unknown', '', '1.2.3', '1:2:3:4:5:6:7:8:9:a:b', '127.0.0.1:80']) {
    it(`does not exist for a stream with the address '${address}'`, () => {
      assert.equal(keyOf({ ...ends, localAddress: address }), null);
      assert.equal(keyOf({ ...ends, remoteAddress: address }), null);
    });
  }
});

describe('a row', () => {
  for (const row of [KEY, ` ${KEY} 01`, `12: ${KEY}`, `12: ${KEY}0`, '', ':', ': ', '12: 0']) {
    it(`has no key when it is '${row}'`, () => assert.equal(keyIn(row), ''));
  }

  it('whose columns are no numbers says nothing of the peer', () => {
    const look = lookIn(`1: ${KEY} zz zz:zz zz:zz zz 1 1`, KEY, 5);
    assert.deepEqual(look, { unacknowledged: 0, peerWindow: 'unknown', at: 5 });
  });
});
