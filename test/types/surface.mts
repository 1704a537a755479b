// What the types accept and what they refuse.
import { createServer } from 'node:http';
import WebSocket, { attach, readinessHandler, statusHandler, WebSocketServer } from 'ws-linger';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function check<_T extends true>(): void {}

declare const ws: WebSocket;

ws.on('disconnect', (info) => check<Equal<typeof info, WebSocket.CloseInfo>>());
ws.once('disconnect', (info) => check<Equal<typeof info, WebSocket.CloseInfo>>());
ws.addListener('disconnect', (info) => check<Equal<typeof info, WebSocket.CloseInfo>>());
const listener = (info: WebSocket.CloseInfo) => info;
ws.off('disconnect', listener).removeListener('disconnect', listener);

// ws's own events keep their types.
ws.on('message', function (data, isBinary) {
  check<Equal<typeof data, WebSocket.RawData>>();
  check<Equal<typeof isBinary, boolean>>();
  this.send(data as Buffer);
});
ws.once('close', (code, reason) => check<Equal<[typeof code, typeof reason], [number, Buffer]>>());
ws.on('an event of their own', (...args) => args.length);

// Methods that return the object keep its type, even a subclass's.
class Mine extends WebSocket {
  readonly mine = true;
}
new Mine('ws://localhost').on('disconnect', () => {}).once('open', () => {}).mine;
const mine = new WebSocketServer<typeof Mine>({ port: 0, WebSocket: Mine });
mine.on('connection', (client) => check<Equal<typeof client, Mine>>());
new WebSocketServer({ port: 0 }).on('connection', (client) => client.closeAsync(1000, '', { timeout: 1 }));

// The classes have no private members, so any object with their members is assignable.
type Members<T> = { [K in keyof T]: T[K] };
export const alike: [WebSocket, WebSocketServer] = [{} as Members<WebSocket>, {} as Members<WebSocketServer>];

const info = await ws.closeAsync();
check<Equal<typeof info, Awaited<ReturnType<WebSocket['closeAsync']>>>>();
check<Equal<WebSocket['closeInfo'], typeof info | null>>();
check<Equal<typeof info.forced, 'reset' | 'destroy' | null>>();

// What is closed and drained can be given up, by any AbortSignal.
const { signal } = new AbortController();
check<Equal<WebSocket.CloseInfo, Awaited<ReturnType<typeof ws.closeAsync>>>>();
ws.closeAsync({ code: 1000, reason: 'bye', timeout: 1, signal });
ws.closeAsync(1000, Buffer.from('bye'), { signal });
check<Equal<boolean, Awaited<ReturnType<typeof ws.flushed>>>>();
ws.on('flushed', function () {
  this.send('more');
}).once('flushed', () => {});
const server = new WebSocketServer({ port: 0 });
server.drain({ notice: 1, spread: 1, timeout: 3, signal }).then((ended) => ended.clean satisfies number);
server.on('draining', () => {});
check<Equal<[boolean, boolean], [typeof server.ready, typeof server.draining]>>();
createServer(readinessHandler([server, attach(server)]));
createServer(statusHandler());
createServer(statusHandler({ remote: true }));
declare const status: WebSocket.Status;
check<
  Equal<
    [number, string | undefined],
    [typeof status.server.ended.reset, (typeof status.recentEnds)[0]['remoteAddress']]
  >
>();
// Where the types have Symbol.asyncDispose (Node's do), `await using` compiles.
const disposables: { [Symbol.asyncDispose](): PromiseLike<void> }[] = [ws, server, attach(server)];
disposables[0]?.[Symbol.asyncDispose]();

// @ts-expect-error no AbortSignal
ws.closeAsync({ signal: new AbortController() });
// @ts-expect-error only this package sets it
server.ready = true;
// @ts-expect-error no option
statusHandler({ host: '::' });
// @ts-expect-error nobody waits for it
WebSocket.drainOnSignal(server, { signal });

// Options of newer versions of ws.
new WebSocketServer({ port: 0, closeTimeout: 1, maxPendingAutoPongs: 10 });
new WebSocket('ws://localhost', { closeTimeout: 1, maxPendingAutoPongs: 10 });

// @ts-expect-error no such option
new WebSocket('ws://localhost', { linger: { closeTimout: 1 } });
// @ts-expect-error not a number
new WebSocketServer({ port: 0, linger: { closeTimeout: '2s' } });
// @ts-expect-error no such behaviour
attach(ws, { terminate: 'kindly' });
// @ts-expect-error neither a server nor a WebSocket
attach({});
// @ts-expect-error only this package sets it
ws.closeInfo = null;
// @ts-expect-error not a kind
info.kind === 'lost';
// @ts-expect-error the listener gets one CloseInfo
ws.on<'disconnect'>('disconnect', (code: number) => code);
// @ts-expect-error internal
ws.setSocket;
// @ts-expect-error internal
ws.emitClose();
