// `import *` gives the properties of the class, with and without esModuleInterop.
import * as ws from 'ws-linger';

const wss: ws.WebSocketServer = new ws.WebSocketServer({ noServer: true });
const client: ws.WebSocket = new ws.WebSocket('ws://localhost');
ws.attach(client).closeAsync();
wss.close();
