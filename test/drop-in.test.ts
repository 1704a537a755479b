// The members of a WebSocket that users rely on, documented or not, work as in plain ws.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf } from './support/end.js';
import { textFrame } from './support/peer.js';
import { type Class, closeAll, connect, type Inner, logEvents, serve, sideBySide } from './support/side-by-side.js';
import { duplexTunnel, upgradeStream } from './support/tunnel.js';

/** Resolves at 'close'. Unlike once(), it does not reject at 'error'. */
function closed(ws: Upstream): Promise<void> {
  return new Promise((done) => ws.once('close', () => done()));
}

describe('a connection, as with plain ws', () => {
  it('sends prepared frames through _sender.sendFrame()', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const connected = await connect(WebSocket);
      const received = once(connected.client, 'message');
      await new Promise<void>((done) =>
        connected.ws._sender.sendFrame([Buffer.from([0x81, 2]), Buffer.from('hi')], done),
      );
      const [data, isBinary] = await received;
      await closeAll(connected);
      return [String(data), isBinary];
    });
    assert.deepEqual(seen, ['hi', false]);
  });

  it('receives bytes that are written to _receiver, and honours its _maxPayload', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const { wss, ws, client } = await connect(WebSocket);
      const log: string[] = [];
      logEvents(ws, log);
      ws.on('error', () => {});
      ws._receiver.write(textFrame('by hand'));
      ws._receiver._maxPayload = 10;
      client.send('more than ten bytes');
      await Promise.all([closed(ws), closed(client)]);
      wss.close();
      return log;
    });
    assert.equal(seen[0], "message 'by hand' false");
    assert.match(seen[1] ?? '', /^error RangeError WS_ERR_UNSUPPORTED_MESSAGE_LENGTH/);
  });

  it('honours a _readyState that is assigned from outside', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const connected = await connect(WebSocket);
      const { client } = connected;
      client._readyState = WebSocket.CLOSING;
      const refused = await new Promise<Error | undefined>((done) => client.send('no', done));
      client._readyState = WebSocket.OPEN;
      const received = once(connected.ws, 'message');
      client.send('yes');
      const [data] = await received;
      await closeAll(connected);
      return [refused?.message, String(data), client.readyState];
    });
    assert.deepEqual(seen, ['WebSocket is not open: readyState 2 (CLOSING)', 'yes', 3]);
  });

  it('can be set up over streams that are no sockets, by _isServer, setSocket() and handleUpgrade()', async () => {
    for (const end of ['close', 'terminate'] as const) {
      const seen = await sideBySide(async (WebSocket) => {
        const wss = new WebSocket.Server({ noServer: true });
        const { server: atServer, client: atClient } = duplexTunnel();
        const answered = once(atClient, 'data');
        const upgraded = upgradeStream(wss, atServer);
        await answered;
        // @fastify/websocket creates its client for tests in this way.
        const client = new (WebSocket as unknown as new (...args: unknown[]) => Inner)(null, undefined, {});
        client._isServer = false;
        client.setSocket(atClient, Buffer.alloc(0), { maxPayload: 0 });
        const ws = await upgraded;
        const log: string[] = [];
        logEvents(client, log, 'client: ');
        logEvents(ws, log, 'server: ');
        ws.on('message', (data) => ws.send(data));
        const echoed = once(client, 'message');
        client.send('echo');
        await echoed;
        const gone = Promise.all([closed(ws), closed(client)]);
        client[end]();
        // The other end of a destroyed stream sees nothing.
        if (end === 'terminate') ws.terminate();
        await gone;
        const clients = wss.clients.size;
        wss.close();
        return { log, clients };
      });
      assert.equal(seen.clients, 0);
      assert.ok(seen.log.includes("client: message 'echo' true"));
    }
  });

  it("has the TCP socket as _socket, which emits 'drain'", async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const connected = await connect(WebSocket);
      const { client, ws } = connected;
      const before = client._socket.listenerCount('drain');
      const drained = once(client._socket, 'drain');
      ws.on('message', () => {});
      // Windows may accept megabytes synchronously, so this sends until it does not.
      while (!client._socket.writableNeedDrain) client.send(Buffer.alloc(1 << 20));
      await drained;
      const result = [before, client.bufferedAmount, client._socket.remotePort === portOf(connected.wss)];
      await closeAll(connected);
      return result;
    });
    assert.deepEqual(seen, [0, 0, true]);
  });

  it('calls the overridden methods of a subclass as often as plain ws does', async () => {
    const make = (Base: Class, calls: string[], who: string) =>
      class extends Base {
        override send(data: Buffer | string): void {
          calls.push(`${who} send`);
          super.send(data);
        }
        override close(...args: Parameters<Upstream['close']>): void {
          calls.push(`${who} close ${args[0]}`);
          super.close(...args);
        }
        override terminate(): void {
          calls.push(`${who} terminate`);
          super.terminate();
        }
        override pong(...args: Parameters<Upstream['pong']>): void {
          calls.push(`${who} pong`);
          super.pong(...args);
        }
      };
    const seen = await sideBySide(async (WebSocket) => {
      const calls: string[] = [];
      const AtServer = make(WebSocket, calls, 'server');
      const AtClient = make(WebSocket, calls, 'client');
      const wss = await serve(WebSocket, { WebSocket: AtServer });
      const client = new AtClient(`ws://127.0.0.1:${portOf(wss)}`);
      const [ws] = (await once(wss, 'connection')) as [Upstream];
      ws.on('message', (data) => ws.send(data as Buffer));
      await once(client, 'open');
      client.ping();
      await once(client, 'pong');
      client.send('echo');
      await once(client, 'message');
      client.close(4000);
      await Promise.all([once(ws, 'close'), once(client, 'close')]);
      client.terminate();
      wss.close();
      return [calls, ws instanceof AtServer, ws.constructor === AtServer, client.constructor === AtClient];
    });
    assert.deepEqual(seen[0], [
      'server pong',
      'client send',
      'server send',
      'client close 4000',
      'server close 4000',
      'client close 4000',
      'client terminate',
    ]);
  });

  it('is an instance of the class that the server is given, even one that extends plain ws', async () => {
    class Mine extends Upstream {
      readonly mine = true;
      override close(code?: number): void {
        super.close(code ?? 4321);
      }
    }
    const wss = await serve(WebSocket as unknown as Class, { WebSocket: Mine });
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`);
    const [ws] = (await once(wss, 'connection')) as [Mine & WebSocket];
    assert.ok(ws instanceof Mine && ws.mine);
    const ended = Promise.all([once(ws, 'disconnect'), once(client, 'close')]);
    ws.close();
    const [[info], [code]] = await ended;
    assert.deepEqual([info.kind, code], ['clean', 4321]);
    wss.close();
  });

  it("has a running _closeTimer of ws's length while it closes", async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const connected = await connect(WebSocket, { closeTimeout: 12_345 } as Upstream.ServerOptions);
      const { ws, client } = connected;
      ws.close();
      const running = ws._closeTimer._idleTimeout;
      await Promise.all([once(ws, 'close'), once(client, 'close')]);
      await closeAll(connected);
      return [running, ws._closeTimer._idleTimeout, client._closeTimer._idleTimeout];
    });
    assert.deepEqual(seen, [12_345, -1, -1]);
  });

  it('takes values that a program puts by names which ws does not have', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const connected = await connect(WebSocket);
      Object.assign(connected.ws, { rtt: 5, closeInfo: 'mine', abort: 1, closeAsync: 2, connectionId: 3 });
      const { rtt, closeInfo, abort, closeAsync, connectionId } = connected.ws as unknown as Record<string, unknown>;
      await closeAll(connected);
      return [rtt, closeInfo, abort, closeAsync, connectionId];
    });
    assert.deepEqual(seen, [5, 'mine', 1, 2, 3]);
  });
});
