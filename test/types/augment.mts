// What `declare module` adds to an interface is there wherever that interface is used, as with ws's own types.
import WebSocket, {
  type ClientOptions,
  WebSocket as Named,
  type Server,
  type ServerOptions,
  WebSocketServer,
} from 'ws-linger';

declare module 'ws-linger' {
  interface WebSocket {
    tenant: string;
  }
  interface Server {
    room: string;
  }
  interface WebSocketServer {
    lobby?: string;
  }
  interface ServerOptions {
    label?: string;
  }
  interface ClientOptions {
    retries?: number;
  }
}

// Servers and their connections.
const wss = new WebSocketServer({ port: 0, label: 'first' });
export const named: string[] = [wss.room, wss.options.label ?? ''];
for (const client of wss.clients) named.push(client.tenant);
wss.on('connection', (ws) => named.push(ws.tenant));
wss.on('connection', (ws: WebSocket) => named.push(ws.tenant));
wss.on('connection', (ws: Named) => named.push(ws.tenant));
wss.once('connection', function (ws) {
  named.push(this.room, ws.tenant);
});
wss.handleUpgrade({} as never, {} as never, {} as never, (ws) => named.push(ws.tenant));
const options: ServerOptions = { label: 'second' };
const sameOptions: WebSocket.ServerOptions = options;
const server: Server = new WebSocketServer(sameOptions);
const sameServer: WebSocketServer = wss;
named.push(server.room, sameServer.lobby ?? '');

// Clients.
const ws = new WebSocket('ws://localhost', { retries: 1 });
named.push(ws.tenant, new Named('ws://localhost', [], { retries: 1 }).tenant);
const client: ClientOptions = {
  retries: 2,
  finishRequest: (request, websocket: WebSocket) => named.push(websocket.tenant) && request.end(),
};
const finishRequest: WebSocket.FinishRequestCallback = (request, { tenant }) => named.push(tenant) && request.end();
new WebSocket('ws://localhost', { ...client, finishRequest });

// Listeners and events.
ws.on('message', function () {
  named.push(this.tenant);
});
ws.onmessage = (event) => named.push(event.target.tenant);
ws.onclose = ({ target }: WebSocket.CloseEvent) => {
  const same: WebSocket = target;
  named.push(same.tenant);
};
ws.addEventListener('error', (event) => named.push(event.target.tenant));

// Subclasses, and the type of what the class makes.
class Mine extends WebSocket {
  readonly mine = 'mine';
}
new WebSocketServer<typeof Mine>({ WebSocket: Mine }).on('connection', ({ mine, tenant }) => named.push(mine, tenant));
const made: InstanceType<typeof WebSocket> = ws;
named.push(made.tenant);
