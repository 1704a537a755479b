// express-ws asks for ws 7, which attach() does not know. The "overrides" of package.json put ws-linger in its place, for
// express-ws alone. As with any ws 8, text messages are Buffers then.
const express = require('express');
const { app } = require('express-ws')(express());

app.ws('/', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

const server = app.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${server.address().port}`));
