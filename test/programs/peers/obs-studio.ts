/** OBS Studio's obs-websocket 5, without authentication. */
import { type Hear, parse, type ServingPeer, serve } from './peer.js';

export function obsStudio(hear: Hear): Promise<ServingPeer> {
  return serve((ws) => {
    const send = (op: number, d: object) => ws.send(JSON.stringify({ op, d }));
    send(0, { obsWebSocketVersion: '5.5.0', rpcVersion: 1 });
    ws.on('message', (data) => {
      const { op, d } = parse(data);
      hear(`op ${op}`);
      if (op === 1) {
        send(2, { negotiatedRpcVersion: 1 });
        send(5, { eventType: 'CurrentProgramSceneChanged', eventIntent: 4, eventData: { sceneName: 'Scene' } });
      }
      if (op === 6) {
        const { requestId, requestType } = d;
        const responseData = { obsVersion: '31.0.0' };
        send(7, { requestId, requestType, requestStatus: { result: true, code: 100 }, responseData });
      }
    });
  });
}
