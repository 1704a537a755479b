// Module augmentation works as with the interfaces of ws.
import { type ServerOptions, WebSocket, type WebSocketServer } from 'ws-linger';

declare module 'ws-linger' {
  interface WebSocket {
    isAlive?: boolean;
  }
  interface WebSocketServer {
    room?: string;
  }
  interface ServerOptions {
    label?: string;
  }
}

declare const ws: WebSocket;
declare const wss: WebSocketServer;
ws.isAlive = ws instanceof WebSocket;
wss.room = 'lobby';
export const options: ServerOptions = { label: 'here' };
