// koa-websocket makes its server when the app listens, with a ws of its own; attach() gives that one what ws-linger's has.
const Koa = require('koa');
const websockify = require('koa-websocket');
const { attach } = require('ws-linger');

const app = websockify(new Koa());

app.ws.use(({ websocket }) => {
  websocket.on('message', (data, isBinary) => websocket.send(data, { binary: isBinary }));
  websocket.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

const server = app.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${server.address().port}`));
attach(app.ws.server);
