/**
 * A user's first program, copied into the projects of these tests: a server, clients, and three ends. Prints its report
 * as one line of JSON, so that any other line comes from the package or from Node.
 */
import { once } from 'node:events';
import type WebSocket from 'ws-linger';

export interface Report {
  /** 'native', or the code and the message that `control: 'native'` throws. */
  control: 'native' | { code: string; message: string };
  echo: string;
  closed: string;
  aborted: { kind: string; forced: string | null };
  /** How the other side saw abort(). */
  seen: { kind: string; error: string | undefined };
}

export async function talk({ WebSocket, WebSocketServer }: typeof import('ws-linger')): Promise<void> {
  const control = controlOf(WebSocketServer);
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 1000 });
  await once(wss, 'listening');
  wss.on('connection', (ws) => {
    ws.on('message', (data) => ws.send(data));
  });
  const { port } = wss.address() as WebSocket.AddressInfo;
  const connect = async () => {
    const connected = once(wss, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(client, 'open');
    return { client, atServer: (await connected)[0] as WebSocket };
  };

  const first = await connect();
  first.client.send('hello');
  const echo = String((await once(first.client, 'message'))[0]);
  const closed = (await first.client.closeAsync()).kind;

  const second = await connect();
  const ends = Promise.all([endOf(second.atServer), endOf(second.client)]);
  second.atServer.abort();
  const [here, there] = await ends;

  // An unexpected end, which the package's own logger reports.
  if (process.argv[2] === 'too-long') {
    const third = await connect();
    const ended = endOf(third.atServer);
    third.client.send('x'.repeat(2000));
    await ended;
  }

  const report: Report = {
    control,
    echo,
    closed,
    aborted: { kind: here.kind, forced: here.forced },
    seen: { kind: there.kind, error: there.error?.code },
  };
  console.log(JSON.stringify(report));
  wss.close();
}

function endOf(ws: WebSocket): Promise<WebSocket.CloseInfo> {
  return new Promise((resolve) => ws.once('disconnect', resolve));
}

/** Finds the control by asking for `control: 'native'`, which is accepted or refused before anything is opened. */
function controlOf(WebSocketServer: typeof WebSocket.WebSocketServer): Report['control'] {
  try {
    new WebSocketServer({ noServer: true, linger: { control: 'native' } });
    return 'native';
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return { code, message };
  }
}
