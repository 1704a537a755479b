// Which requests count as this machine's own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whyNotLocal } from '../../dist/server/loopback.js';

const local = { address: '127.0.0.1', hosts: ['localhost'], isForwarded: false };

describe('a request', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1']) {
    it(`from ${address} is local`, () => assert.equal(whyNotLocal({ ...local, address }), null));
  }

  for (const address of [
    ...[undefined, '', '192.0.2.1', '10.127.0.1', '::', '::2', 'fe80::1', '::ffff:192.0.2.1', '0.0.0.0'],
    ...['127.0.0.1.example', '1127.0.0.1', 'localhost'],
  ]) {
    it(`from ${address} is not`, () => {
      assert.equal(whyNotLocal({ ...local, address }), 'only requests from this machine are answered');
    });
  }

  for (const host of [
    ...['localhost', 'LocalHost:8080', 'localhost.', 'localhost.:80', 'app.localhost:1', '127.0.0.1', '127.0.0.1:9090'],
    ...['127.1', '0x7f000001', '[::1]', '[::1]:9090', '[0:0:0:0:0:0:0:1]', '127.255.255.254'],
  ]) {
    it(`for ${host} is local`, () => assert.equal(whyNotLocal({ ...local, hosts: [host] }), null));
  }

  for (const host of [
    ...['', 'example.com', 'example.com:80', 'localhost.example.com', 'notlocalhost', '192.0.2.1:9090', '[::2]', '::1'],
    ...[
      'localhost@example.com',
      'example.com/@localhost',
      'example.com#@localhost',
      'example.com\\@localhost',
      '[',
      'a b',
    ],
    ...['127.0.0.1.example.com', '0.0.0.0', '[::ffff:192.0.2.1]'],
  ]) {
    it(`for '${host}' is not`, () => {
      assert.match(whyNotLocal({ ...local, hosts: [host] }) ?? '', /^the Host header must be/);
    });
  }

  it('without a Host header is local: no browser sends one', () => {
    assert.equal(whyNotLocal({ ...local, hosts: [] }), null);
  });

  it('is not local where one of two names is another one', () => {
    assert.match(whyNotLocal({ ...local, hosts: ['localhost', 'example.com'] }) ?? '', /Host/);
  });

  it('is not local where a proxy has passed it on', () => {
    assert.match(whyNotLocal({ ...local, isForwarded: true }) ?? '', /proxy/);
  });
});
