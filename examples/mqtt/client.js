// An MQTT client: mqtt uses the WebSocket that `createWebsocket` returns. Run it as `node client.js ws://localhost:8080`.
import mqtt from 'mqtt';
import WebSocket from 'ws-linger';

const client = mqtt.connect(process.argv[2] ?? 'ws://localhost:8080', {
  reconnectPeriod: 0, // an example connects only once
  createWebsocket: (url, protocols) => {
    const ws = new WebSocket(url, protocols);
    ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
    return ws;
  },
});

client.on('connect', () => client.subscribe('greetings', () => client.publish('greetings', 'hello')));
client.on('message', (topic, message) => console.log(`message: ${topic} ${message}`));
client.on('error', () => {}); // 'disconnect' reports the cause
