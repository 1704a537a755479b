import WebSocket, { WebSocketServer } from 'ws-linger';
import { talk } from './talk.js';

if (WebSocketServer !== WebSocket.WebSocketServer) throw new Error('import gives two packages');
talk(WebSocket);
