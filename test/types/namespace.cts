// `import *`, with and without esModuleInterop, for what is on the class.
import * as ws from 'ws-linger';

const wss: ws.WebSocketServer = new ws.WebSocketServer({ noServer: true });
const client: ws.WebSocket = new ws.WebSocket('ws://localhost');
ws.attach(client).closeAsync();
wss.close();
