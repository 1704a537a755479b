// An interface that is declared to extend the class, as some programs write it for ws.
import ws = require('ws-linger');

import { WebSocketServer } from 'ws-linger';

declare module 'ws-linger' {
  export interface WebSocket extends ws {
    tenant: string;
  }
}

new WebSocketServer({ port: 0 }).on('connection', ({ tenant }) => tenant.length);
