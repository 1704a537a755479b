// `ws-linger demo` without a browser: its command line, the files that it serves, and its feed of disconnects.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import Upstream from 'ws-upstream';
import { CLOSE_KINDS } from '../../dist/close-info.js';
import type { Row } from '../../dist/tools/demo/connection-log.js';
import type { FeedMessage } from '../../dist/tools/demo/feed.js';
import { runCli } from '../support/child.js';
import { type RunningDemo, startDemo } from '../support/demo.js';
import { listen, portOf } from '../support/end.js';

describe('ws-linger demo', () => {
  let demo: RunningDemo;
  before(async () => {
    demo = await startDemo();
  });
  after(() => demo.stop());

  function get(path: string): Promise<{ status: number; type: string; policy: string; body: string }> {
    return new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port: new URL(demo.url).port, path, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => {
          const { 'content-type': type = '', 'content-security-policy': policy = '' } = response.headers;
          resolve({ status: response.statusCode ?? 0, type, policy: String(policy), body });
        });
      });
      request.on('error', reject);
    });
  }

  it('listens on this machine only', () => {
    assert.equal(new URL(demo.url).hostname, '127.0.0.1');
  });

  it('has a colour for every kind, in their order', async () => {
    const { body } = await get('/kinds.js');
    const { KINDS, tone } = await import(`data:text/javascript,${encodeURIComponent(body)}`);
    assert.deepEqual(KINDS, CLOSE_KINDS);
    for (const kind of CLOSE_KINDS) assert.match(tone(kind), /^(good|ours|cut|lost)$/);
  });

  it('serves the page and every file that the page requests', async () => {
    const todo = ['/'];
    const seen = new Set<string>();
    for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, type, policy, body } = await get(path);
      assert.equal(status, 200, path);
      assert.match(policy, /default-src 'self'/);
      if (path === '/uplot.js') continue;
      if (type.startsWith('text/html')) {
        todo.push(...[...body.matchAll(/(?:src|href)="(?!#)([^"?]+)/g)].map(([, link]) => link as string));
      } else if (type.startsWith('text/javascript')) {
        todo.push(...[...body.matchAll(/from '\.([^']+)'/g)].map(([, link]) => link as string));
      }
    }
    for (const path of [
      '/elsewhere',
      '/style.css',
      '/uplot.css',
      '/uplot.js',
      '/app.js',
      '/table.js',
      '/timeline.js',
    ]) {
      assert.ok(seen.has(path), path);
    }
  });

  it('serves its status, which ws-linger top shows', async () => {
    const { status, type, body } = await get('/status');
    assert.deepEqual([status, type], [200, 'application/json']);
    assert.ok('recentEnds' in JSON.parse(body));
    const { code, stdout } = await runCli('top', `${demo.url}status`, '--once');
    assert.equal(code, 0);
    assert.match(stdout, /^ws-linger 8\..*\r?\n127\.0\.0\.1:\d+\/status\r?\n/);
  });

  for (const path of ['/nothing', '/../package.json', '/%2e%2e/package.json', '/constructor', '//']) {
    it(`answers 404 for ${path}`, async () => {
      assert.equal((await get(path)).status, 404);
    });
  }

  it('refuses WebSockets of pages of another origin, and those at unknown paths', async () => {
    const socketUrl = demo.url.replace('http', 'ws');
    for (const [path, origin, status] of [
      ['feed', 'http://example.com', 403],
      ['linger?pair=x', 'http://example.com', 403],
      ['plain?pair=x', 'null', 403],
      ['linger', undefined, 404],
      ['nothing', undefined, 404],
      ['/', undefined, 404], // the requested path is then '//'
    ] as const) {
      const ws = new Upstream(socketUrl + path, origin === undefined ? {} : { origin });
      ws.on('error', () => {});
      ws.on('open', () => ws.emit('unexpected-response', null, { statusCode: 101 }));
      const [, response] = (await once(ws, 'unexpected-response')) as [unknown, http.IncomingMessage];
      ws.terminate();
      assert.equal(response.statusCode, status, path);
    }
  });

  describe('reports in its feed', () => {
    let feed: Upstream;
    const messages: FeedMessage[] = [];
    before(async () => {
      feed = new Upstream(`${demo.url.replace('http', 'ws')}feed`);
      feed.on('message', (data) => messages.push(JSON.parse(String(data))));
      await once(feed, 'message');
    });
    after(() => feed.terminate());

    /** Waits until `test` holds for the newest row, and returns that row. */
    async function row(test: (row: Row) => boolean): Promise<Row> {
      for (;;) {
        const last = messages.flatMap(({ rows }) => rows).findLast(({ number }) => number > known);
        if (last && test(last)) {
          known = last.number;
          return last;
        }
        await once(feed, 'message');
      }
    }
    let known = 0;

    const ended = (side: Row['linger'] | Row['plain']) => typeof side === 'object';

    it('the platform and control of its server, first', () => {
      const { server } = messages[0] as FeedMessage;
      assert.equal(server?.platform, process.platform);
      const wanted = process.env.WS_LINGER_TEST_CONTROL;
      if (wanted) assert.equal(server?.control, wanted);
    });

    for (const [way, what, expected, plainCode] of [
      ['rst', 'a bare socket that sends RST', ['reset', 'peer', 'open', null], null],
      ['fin', 'a bare socket that sends FIN', ['closed-without-handshake', 'peer', 'open', null], null],
      [
        'half',
        'a bare socket that sends FIN in the middle of a frame',
        ['closed-without-handshake', 'peer', 'open', null],
        null,
      ],
      [
        'bad-frame',
        'a bare socket that sends an invalid frame',
        ['protocol-error', 'peer', 'open', null],
        'WS_ERR_INVALID_OPCODE',
      ],
    ] as const) {
      it(what, async () => {
        feed.send(way);
        const { linger, plain } = await row((last) => ended(last.linger) && ended(last.plain));
        assert.ok(typeof linger === 'object' && typeof plain === 'object');
        assert.deepEqual([linger.kind, linger.origin, linger.phase, linger.forced], expected);
        assert.deepEqual([linger.code, plain.code], [1006, 1006]);
        assert.equal(plain.errorCode, plainCode);
      });
    }

    it('a bare socket that stops reading, whose end ws-linger reports in time while plain ws holds it', async () => {
      feed.send('stall');
      const { linger, plain } = await row((last) => ended(last.linger));
      assert.ok(typeof linger === 'object');
      assert.deepEqual([linger.kind, linger.phase, linger.forced], ['close-timeout', 'handshake', null]);
      assert.equal(plain, 'open');
      const { held } = messages.at(-1) as FeedMessage;
      assert.deepEqual([held.at(-1)?.linger, held.at(-1)?.plain], [0, 1]);
    });

    it('a bare socket that pauses during the close, and receives from both servers all that was sent before', async () => {
      feed.send('pause');
      const { linger, plain, arrived } = await row(
        (last) => last.arrived?.linger !== undefined && last.arrived.plain !== undefined && ended(last.plain),
      );
      assert.ok(typeof linger === 'object' && typeof plain === 'object');
      assert.deepEqual([linger.kind, plain.code], ['close-timeout', 1001]);
      const backlog = 8 * 1024 * 1024;
      assert.ok(arrived?.plain && arrived.plain > backlog, `${arrived?.plain} bytes from plain ws`);
      assert.ok(arrived?.linger && arrived.linger > backlog, `${arrived?.linger} bytes from ws-linger`);
    });

    it('the frame of ws-linger top, to the page that asks for it', async () => {
      feed.send('live');
      let live: string[] | undefined;
      while (!live) {
        await once(feed, 'message');
        ({ live } = messages.at(-1) as FeedMessage);
      }
      const text = live.join('\n');
      assert.match(text, /^ws-linger \d+\.\d+\.\d+, up /);
      assert.match(text, /^ {2}server +0 +[1-9]/m);
      assert.match(text, /: The peer reset the connection \(ECONNRESET/);
    });

    it('an empty list after the message "clear"', async () => {
      feed.send('clear');
      const fresh = (await once(feed, 'message').then(() => messages.at(-1))) as FeedMessage;
      assert.deepEqual(fresh.rows, []);
      assert.equal(fresh.held.length, 1);
    });

    it('nothing for an unknown message', async () => {
      const before = messages.length;
      for (const wrong of ['nonsense', 'constructor', '{"do":"rst"}']) feed.send(wrong);
      feed.send('clear'); // its answer would follow an answer to the others
      await once(feed, 'message');
      assert.deepEqual(
        messages.slice(before).flatMap(({ rows }) => rows),
        [],
      );
    });
  });
});

describe('ws-linger demo, on the command line', () => {
  it('reports in one line that a port is taken, with exit code 1', async () => {
    const server = await listen(net.createServer());
    const { code, stderr } = await runCli('demo', '--port', String(portOf(server)));
    server.close();
    assert.equal(code, 1);
    assert.match(stderr, /^error: port \d+ is in use; choose another one with --port\s*$/);
  });

  for (const wrong of ['70000', '-1', 'http']) {
    it(`refuses the port '${wrong}', with exit code 2`, async () => {
      const { code, stderr } = await runCli('demo', '--port', wrong);
      assert.equal(code, 2);
      assert.match(stderr, /from 0 to 65535/);
    });
  }

  // On Windows a signal ends the process without running its handlers.
  if (process.platform !== 'win32') {
    it('exits with code 0 on SIGTERM, even with pages, connections and a stalled peer', {
      timeout: 10_000,
    }, async () => {
      const demo = await startDemo();
      const url = demo.url.replace('http', 'ws');
      const open = ['feed', 'linger?pair=x', 'plain?pair=x'].map((path) => new Upstream(url + path));
      for (const ws of open) ws.on('error', () => {});
      await Promise.all(open.map((ws) => once(ws, 'open')));
      const closed = Promise.all(open.map((ws) => once(ws, 'close')));
      const [feed] = open as [Upstream];
      feed.send('stall');
      for (let held = 0; held !== 2; ) {
        const [data] = (await once(feed, 'message')) as [Buffer];
        held = (JSON.parse(String(data)) as FeedMessage).held.at(-1)?.plain ?? 0;
      }
      assert.equal(await demo.stop(), 0);
      await closed;
    });
  }
});
