/** examples/y-websocket: two clients share a document; one is reset. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import { portOfApp, requireInstalled, startApp } from './apps.js';

/** What is used of yjs and y-websocket. Their emitters are not Node's, but have its `on()`. */
interface Text {
  insert(at: number, text: string): void;
  toString(): string;
}
interface Document {
  clientID: number;
  getText(): Text;
  destroy(): void;
}
interface Provider {
  awareness: NodeJS.EventEmitter & { getStates(): Map<number, { name?: string }>; setLocalState(state: object): void };
  shouldConnect: boolean;
  ws: WebSocket;
  connect(): void;
  destroy(): void;
}

function openDocument(port: number) {
  const { WebsocketProvider } = requireInstalled('y-websocket');
  const document: Document = new (requireInstalled('yjs').Doc)();
  // BroadcastChannel would connect both in this process, without the server.
  const options = { WebSocketPolyfill: WebSocket, disableBc: true };
  const provider: Provider = new WebsocketProvider(`ws://localhost:${port}`, 'notes', document, options);
  /** Waits until the document, or what is known of the others, is as asked. */
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      await new Promise((resolve) => {
        (document as never as NodeJS.EventEmitter).once('update', resolve);
        provider.awareness.once('change', resolve);
      });
    }
  };
  const close = () => {
    provider.destroy();
    document.destroy();
  };
  return { text: document.getText(), id: document.clientID, provider, until, close };
}

// Awareness that nobody removes expires after 30 s.
const beforeItExpires = { timeout: 25_000 };

export const yWebsocket = () =>
  describe('y-websocket', () => {
    it(
      'a document is shared, a client that is reset is gone for the others, and brings its changes when it is back',
      beforeItExpires,
      async () => {
        const app = startApp('y-websocket');
        const port = await portOfApp(app);
        const [one, other] = [openDocument(port), openDocument(port)];
        one.text.insert(0, 'shared');
        one.provider.awareness.setLocalState({ name: 'one' });
        await other.until(() => other.text.toString() === 'shared' && other.provider.awareness.getStates().has(one.id));

        one.provider.shouldConnect = false; // until it is told to
        const closed = once(one.provider.ws, 'close');
        one.provider.ws.abort();
        await other.until(() => !other.provider.awareness.getStates().has(one.id));
        await app.prints(/disconnect: reset, origin peer/);
        await closed;

        one.text.insert(0, 'is ');
        one.provider.connect();
        await other.until(() => other.text.toString() === 'is shared');
        assert.equal(app.output.match(/disconnect/g)?.length, 1, app.output);
        one.close();
        other.close();
        await app.stop();
      },
    );
  });
