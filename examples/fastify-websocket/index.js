// @fastify/websocket creates its server with its own copy of ws. attach() adds ws-linger's behaviour to that server.
const fastify = require('fastify');
const { attach } = require('ws-linger');

async function main() {
  const app = fastify();
  await app.register(require('@fastify/websocket'));
  attach(app.websocketServer);

  app.get('/', { websocket: true }, (ws) => {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
  });

  await app.listen({ port: process.env.PORT ?? 8080 });
  console.log(`listening on ${app.server.address().port}`);
}

main();
