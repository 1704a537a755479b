// Windows' behaviour for a close without RST, for a killed process, and for connections that its own stack gives up.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { portOf, until, watchEnd } from '../support/end.js';
import { openPair, socketOf } from '../support/pairs.js';
import { failUnlessWine, note } from '../support/proof.js';

const linger = { closeTimeout: 500, closeDeadline: 500, logger: false, control: 'native' } as const;

for (const reading of [true, false]) {
  const name = reading ? 'with a read in flight' : 'without a read in flight';
  it(`after closesocket ${name} the system delivers the data that it holds to a slow reader`, async () => {
    const { ws, peer, stop } = await openPair({ make: 'ours', role: 'server', linger });
    peer.pause();
    // More than a peer's window may hold, but little enough for the system to accept at once.
    const message = 96 * 1024;
    const before = peer.bytesRead;
    ws.send(Buffer.alloc(message));
    await until('the system has accepted it', () => ws.bufferedAmount === 0);
    if (!reading) ws.pause();
    const ended = watchEnd(ws);
    ws.close(1000);
    const { info } = await ended;
    assert.deepEqual([info.kind, info.forced, info.bytesUnsent], ['close-timeout', 'destroy', 0]);

    let how = '';
    peer.once('end', () => {
      how = 'end';
    });
    peer.once('error', (error: NodeJS.ErrnoException) => {
      how = error.code ?? 'error';
    });
    while (how === '') {
      peer.read(4096) ?? peer.read();
      await delay(5);
    }
    const frames = message + 10 + 4; // the header with a 64-bit length, and the close frame
    assert.deepEqual([how, peer.bytesRead - before], ['end', frames]);
    stop();
  });
}

it('the connection of a killed process ends by RST', async (t) => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
  await once(wss, 'listening');
  const connected = once(wss, 'connection');
  const script = "new (require('ws-upstream'))(process.argv[1]).on('error', () => {})";
  const client = spawn(process.execPath, ['-e', script, `ws://127.0.0.1:${portOf(wss)}`], { cwd: __dirname });
  const [ws] = (await connected) as [WebSocket];
  const ended = watchEnd(ws);
  client.kill('SIGKILL');
  const { info } = await ended;
  wss.close();
  if (info.kind !== 'reset') failUnlessWine(t, `a killed process ends its connections as ${info.kind}`);
});

/** Runs PowerShell; null where there is none. */
function powershell(script: string, env: NodeJS.ProcessEnv = {}): string | null {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
  try {
    return execFileSync('powershell.exe', ['-NoProfile', '-Command', script], options).trim() || null;
  } catch {
    return null;
  }
}

/** Makes Windows delete an IPv4 connection of its table: state 12 is DELETE_TCB. Takes an administrator. */
const DELETE_CONNECTION = `
Add-Type -Namespace Proof -Name Ip -MemberDefinition '[DllImport("iphlpapi.dll")] public static extern int SetTcpEntry(int[] row);'
$ports = $env:PORTS.Split(',') | ForEach-Object { (([int]$_ -band 0xff) -shl 8) -bor ([int]$_ -shr 8) }
[Proof.Ip]::SetTcpEntry([int[]]@(12, 0x0100007f, $ports[0], 0x0100007f, $ports[1]))
`;

it('a connection that the local stack gives up ends as aborted, by ECONNABORTED or ECANCELED', async (t) => {
  const { ws, stop } = await openPair({ make: 'ours', role: 'server', linger });
  const { localPort, remotePort } = socketOf(ws);
  const ended = watchEnd(ws);
  const answer = powershell(DELETE_CONNECTION, { PORTS: `${localPort},${remotePort}` });
  if (answer !== '0') {
    ws.abort();
    await ended;
    stop();
    return failUnlessWine(t, `SetTcpEntry answers ${answer}; it needs PowerShell and an administrator`);
  }
  const { info } = await ended;
  stop();
  const { kind, error } = info;
  note(t, 'the local stack gave up', `${kind}, ${error?.syscall} ${error?.code}, WSA code ${error?.wsaCode}`);
  assert.equal(kind, 'aborted');
  assert.match(error?.code ?? '', /^(ECONNABORTED|ECANCELED)$/);
});
