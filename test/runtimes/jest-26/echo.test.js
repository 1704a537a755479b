// A test as one writes it for ws.
test.each(['ws', 'ws-linger'])('%s echoes', (name, done) => {
  const WebSocket = require(name);
  const wss = new WebSocket.Server({ port: 0 }, () => {
    const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    wss.on('connection', (peer) => peer.on('message', (message) => peer.send(message)));
    ws.on('open', () => ws.send('hello'));
    ws.on('message', (message) => {
      expect(String(message)).toBe('hello');
      ws.close();
    });
    ws.on('close', (code) => {
      expect(code).toBe(1005);
      wss.close(done);
    });
  });
});
