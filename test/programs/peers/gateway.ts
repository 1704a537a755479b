/** Discord's gateway, as far as its client needs it: hello, heartbeats, identify and resume. */
import { type Hear, parse, type ServingPeer, serve } from './peer.js';

/** A client whose heartbeat is not acknowledged until the next one is due gives the connection up. */
const HEARTBEAT_MS = 2000;

export function gateway(hear: Hear): Promise<ServingPeer> {
  return serve((ws, { headers: { host } }) => {
    const send = (message: object) => ws.send(JSON.stringify(message));
    send({ op: 10, d: { heartbeat_interval: HEARTBEAT_MS } });
    ws.on('message', (data) => {
      const { op } = parse(data);
      if (op === 1) send({ op: 11 });
      if (op === 2) {
        hear('identify');
        send({ op: 0, t: 'READY', s: 1, d: { session_id: 's', resume_gateway_url: `ws://${host}` } });
      }
      if (op === 6) {
        hear('resume');
        send({ op: 0, t: 'RESUMED', s: 2, d: {} });
      }
    });
  });
}
