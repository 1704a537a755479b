// node drain-notice-clients.js ADDRESS PORT COUNT: clients that talk until their server closes them. Reports what each sent and got.
import Upstream from 'ws-upstream';

const [address, port, count] = process.argv.slice(2);
const started = performance.timeOrigin;

interface Client {
  sent: number;
  received: number;
  farewellAt: number;
  closedAt: number;
  code: number;
}

function talk(id: string): { opened: Promise<void>; closed: Promise<Client> } {
  const client: Client = { sent: 0, received: 0, farewellAt: 0, closedAt: 0, code: 0 };
  const at = () => started + performance.now();
  const ws = new Upstream(`ws://${address}:${port}${id}`);
  const opened = new Promise<void>((resolve) => ws.on('open', resolve));
  let talking: NodeJS.Timeout;
  ws.on('open', () => {
    talking = setInterval(() => {
      if (ws.readyState !== ws.OPEN) return;
      ws.send('y'.repeat(100));
      client.sent++;
    }, 30);
  });
  ws.on('message', (data) => {
    client.received++;
    if (String(data) === 'farewell') client.farewellAt = at();
  });
  const closed = new Promise<Client>((resolve, reject) => {
    ws.on('error', reject);
    ws.on('close', (code) => {
      clearInterval(talking);
      resolve({ ...client, code, closedAt: at() });
    });
  });
  return { opened, closed };
}

async function main(): Promise<void> {
  const clients = Array.from({ length: Number(count) }, (_, index) => [`/${index}`, talk(`/${index}`)] as const);
  await Promise.all(clients.map(([, { opened }]) => opened));
  process.send?.('open');
  const ends = await Promise.all(clients.map(async ([id, { closed }]) => [id, await closed] as const));
  process.send?.(Object.fromEntries(ends));
  process.disconnect();
}

void main();
