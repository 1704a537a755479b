// What Windows makes of closes that are no RST, of processes that die, and of connections that its own stack gives up.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { loadNative } from '../../dist/socket-control/load.js';
import { resolveConnection } from '../../dist/socket-control/native.js';
import { portOf, until, watchEnd } from '../support/end.js';
import { openPair, socketOf } from '../support/pairs.js';
import { failUnlessWine, note } from '../support/proof.js';

const linger = { closeTimeout: 500, closeDeadline: 500, logger: false, control: 'native' } as const;

for (const reading of [true, false]) {
  const name = reading ? 'with a read in flight' : 'with none';
  it(`after a plain closesocket ${name} the system delivers what it holds to a slow reader`, async () => {
    const { ws, peer, stop } = await openPair({ make: 'ours', role: 'server', linger });
    peer.pause();
    // More than a peer's window may hold, and little enough to be accepted at once.
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
    const frames = message + 10 + 4; // a header with a long length, and the close frame
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

// Data that arrives after shutdown(SD_RECEIVE) makes the local stack give the connection up.
it('a connection that the local stack gives up is aborted, by ECONNABORTED or ECANCELED', async (t) => {
  const { binding, reason } = loadNative();
  assert.ok(binding, reason);
  const { ws, peer, stop } = await openPair({ make: 'ours', role: 'server', linger });
  const handle = resolveConnection(binding, socketOf(ws));
  assert.ok(handle);
  const ended = watchEnd(ws);
  assert.equal(binding.shutdown(handle, 'receive'), 0);
  peer.write('this cannot be delivered');
  for (let i = 0; i < 50 && !ws.closeInfo; i++) {
    ws.send('anybody there?');
    await delay(20);
  }
  if (!ws.closeInfo) ws.abort();
  const { info } = await ended;
  stop();
  const { kind, error } = info;
  note(t, 'the local stack gave up', `${kind}, ${error?.syscall} ${error?.code}, WSA code ${error?.wsaCode}`);
  if (kind === 'aborted') assert.match(error?.code ?? '', /^(ECONNABORTED|ECANCELED)$/);
  else
    failUnlessWine(t, `data after shutdown(SD_RECEIVE) ends the connection as ${kind}, which proves nothing of 10053`);
});

/**
 * SIO_TCP_INFO, asked of two sockets of PowerShell's own: one sends until no more is accepted, the other reads nothing. The
 * places are those of BytesInFlight and BytesOut in TCP_INFO_v0.
 */
const TCP_INFO = `
$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0); $listener.Start()
$reader = [Net.Sockets.TcpClient]::new('127.0.0.1', $listener.LocalEndpoint.Port)
$writer = $listener.AcceptSocket(); $writer.Blocking = $false
$accepted = 0; $chunk = [byte[]]::new(16384)
try { while ($true) { $accepted += $writer.Send($chunk) } } catch { }
Start-Sleep -Milliseconds 500
$info = [byte[]]::new(88)
$returned = $writer.IOControl(-671088601, [BitConverter]::GetBytes([uint32]0), $info)
ConvertTo-Json -Compress @{ accepted = $accepted; returned = $returned; unread = $reader.Available
  inFlight = [BitConverter]::ToUInt32($info, 28); sent = [BitConverter]::ToUInt64($info, 48) }
`;

it('SIO_TCP_INFO tells what the peer has not acknowledged', (t) => {
  let said = '';
  try {
    said = execFileSync('powershell.exe', ['-NoProfile', '-Command', TCP_INFO], { encoding: 'utf8' });
  } catch {} // no such program
  if (said.trim() === '') return failUnlessWine(t, 'there is no PowerShell');
  note(t, 'SIO_TCP_INFO', said.trim());
  const { accepted, returned, unread, inFlight, sent } = JSON.parse(said);
  assert.equal(returned, 88);
  assert.ok(accepted > 0);
  assert.equal(sent - inFlight, unread, 'what was sent and is not in flight is what the peer holds');
});
