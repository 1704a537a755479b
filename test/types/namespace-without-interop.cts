// Without esModuleInterop `import *` is the class itself.
import * as WebSocket from 'ws-linger';

const ws: WebSocket = new WebSocket('ws://localhost');
ws.abort();
