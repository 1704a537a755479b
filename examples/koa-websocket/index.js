// koa-websocket creates its server with its own copy of ws when the app listens. attach() adds ws-linger's behaviour to it.
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
