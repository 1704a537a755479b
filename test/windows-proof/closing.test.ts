// Windows' behaviour for a close without RST, for a killed process, and for connections that its own stack gives up.
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

// The local stack gives up a connection on which data arrives after shutdown(SD_RECEIVE).
it('a connection that the local stack gives up ends as aborted, by ECONNABORTED or ECANCELED', async (t) => {
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
 * Asks for SIO_TCP_INFO of a PowerShell socket that has sent until no more was accepted, to a socket that reads
 * nothing. The offsets are those of BytesInFlight and BytesOut in TCP_INFO_v0.
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

it('SIO_TCP_INFO shows how many bytes the peer has not acknowledged', (t) => {
  let output = '';
  try {
    output = execFileSync('powershell.exe', ['-NoProfile', '-Command', TCP_INFO], { encoding: 'utf8' });
  } catch {} // PowerShell is missing
  if (output.trim() === '') return failUnlessWine(t, 'there is no PowerShell');
  note(t, 'SIO_TCP_INFO', output.trim());
  const { accepted, returned, unread, inFlight, sent } = JSON.parse(output);
  assert.equal(returned, 88);
  assert.ok(accepted > 0);
  assert.equal(sent - inFlight, unread, 'what was sent and is not in flight is what the peer holds');
});
