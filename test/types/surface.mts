// What the types accept and what they refuse.
import WebSocket, { attach, WebSocketServer } from 'ws-linger';

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
