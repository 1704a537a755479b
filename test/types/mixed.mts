// Use beside plain ws, as in an app that uses this package only in part.
import Plain, { WebSocketServer as PlainServer } from 'ws';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';

declare const ws: WebSocket;
declare const plain: Plain;

// This package's types are accepted where ws's are expected: class, connection, server, options, events.
export const asPlain: Plain = ws;
export const asPlainClass: typeof Plain = WebSocket;
export const asPlainServer: InstanceType<typeof PlainServer> = new WebSocketServer({ port: 0 });
export const asPlainServerClass: typeof PlainServer = WebSocketServer;
export const server = new PlainServer({ port: 0, WebSocket });
new WebSocketServer({ port: 0 }).on('connection', (client: Plain, request) => client.send(request.url ?? ''));
declare const ours: { server: WebSocket.ServerOptions; client: WebSocket.ClientOptions };
export const plainServerOptions: Plain.ServerOptions = ours.server;
export const plainClientOptions: Plain.ClientOptions = ours.client;
new WebSocketServer<typeof Plain>({ port: 0, WebSocket: Plain });
ws.on('message', (data: Plain.RawData) => data);
ws.onclose = (event: Plain.CloseEvent) => event.wasClean;

// ws's types are accepted where this package's are expected: options, data, events, listeners.
declare const options: { server: Plain.ServerOptions; client: Plain.ClientOptions };
new WebSocketServer(options.server);
new WebSocket('ws://localhost', options.client);
export const serverOptions: WebSocket.ServerOptions<typeof Plain> = options.server;
export const clientOptions: WebSocket.ClientOptions = options.client;
export const data: WebSocket.RawData = Buffer.alloc(0) satisfies Plain.RawData;
plain.on('message', (message: WebSocket.RawData) => message);

// attach() gives ws's objects this package's members.
attach(plain).closeAsync();
attach(new PlainServer({ port: 0 })).close();
// @ts-expect-error a connection of plain ws has no members of this package
export const asOurs: WebSocket = plain;
