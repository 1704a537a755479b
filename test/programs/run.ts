/** One run of a program: it is started, connected, broken and shut down, and what it says meanwhile is kept. */
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import type { Platform } from '../install/projects.js';
import { listen, portOf } from '../support/end.js';
import type { Outcome } from './compare.js';
import { type Fault, openLink } from './link.js';
import type { Program } from './list.js';
import { comparableLines, startHost } from './process.js';
import { PATIENCE_MS, Transcript } from './transcript.js';

export async function runProgram(program: Program, fault: Fault, folder: string, platform: Platform): Promise<Outcome> {
  const { app, peer, up, told } = program;
  const transcript = new Transcript();
  const hear = (heard: string) => transcript.add({ heard });
  const cleanUp: (() => unknown)[] = [];
  try {
    const control = await listen(net.createServer());
    cleanUp.push(() => control.close());

    // A client is given the address of its peer, through the link. A server is connected to once it listens.
    const serving = peer.role === 'client' ? await peer.serve(hear) : undefined;
    if (serving) cleanUp.push(() => serving.close());
    let link = serving && (await openLink(serving.port, 'client'));
    if (link) cleanUp.push(link.close);

    const address = { port: link?.port, path: serving?.path };
    const { ended, kill } = startHost(folder, platform, { app, control: portOf(control), ...address });
    cleanUp.push(kill);
    ended.then(({ output }) => transcript.end(`the program has ended\n${output}\n`));
    const orders = once(control, 'connection').then(([socket]) => follow(socket, transcript));
    const { port = 0 } = await transcript.find('it is ready', ({ ready }) => ready === true);
    const socket = await orders;

    if (peer.role === 'server') {
      link = await openLink(port, 'server');
      cleanUp.push(link.close);
      const calling = await peer.call(link.port, hear);
      cleanUp.push(() => calling.terminate());
    }
    await transcript.event(up.event);
    if (up.heard) await transcript.find(`the peer hears ${up.heard}`, ({ heard }) => heard === up.heard);

    const before = transcript.entries.length;
    link?.break(fault);
    if (told[fault]) await transcript.event(told[fault], before);
    if (fault === 'backlog') {
      socket.write('send\n');
      await transcript.find('it has sent', ({ sent }) => sent === true);
    }

    const gone = once(socket, 'close');
    const timer = setTimeout(kill, PATIENCE_MS);
    const started = performance.now();
    socket.write('shutdown\n');
    await gone;
    const shutdownMs = performance.now() - started;
    const { exit, output } = await ended;
    clearTimeout(timer);
    const { events, heard } = transcript;
    return { events, heard, stderr: comparableLines(output), exit, shutdownMs };
  } finally {
    for (const clean of cleanUp.reverse()) await clean();
  }
}

/** Adds what the program says to the transcript. The connection ends with the process, on Windows by RST. */
function follow(socket: net.Socket, transcript: Transcript): net.Socket {
  createInterface({ input: socket }).on('line', (line) => transcript.add(JSON.parse(line)));
  return socket.on('error', () => {});
}
