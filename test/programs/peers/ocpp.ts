/** Both sides of OCPP 1.6: a central system, and a charge point. */
import type { RawData } from 'ws-upstream';
import { type CallingPeer, call, type Hear, parse, type ServingPeer, serve } from './peer.js';

export function centralSystem(hear: Hear): Promise<ServingPeer> {
  return serve((ws) => {
    ws.on('message', (data) => {
      const [type, id, action] = parse(data);
      if (type !== 2) return;
      hear(action);
      ws.send(JSON.stringify([3, id, { status: 'Accepted', interval: 300, currentTime: '2026-01-01T00:00:00Z' }]));
    });
  });
}

export async function chargePoint(port: number, hear: Hear): Promise<CallingPeer> {
  const onMessage = (data: RawData) => {
    const [type, , answer] = parse(data);
    hear(type === 3 ? answer.status : `type ${type}`);
  };
  const ws = await call(port, '/CP1', onMessage, { protocol: 'ocpp1.6' });
  ws.send(JSON.stringify([2, '1', 'BootNotification', { chargePointVendor: 'v', chargePointModel: 'm' }]));
  return ws;
}
