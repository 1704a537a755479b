// express-ws depends on ws 7, which attach() does not support. The "overrides" in package.json replace it by ws-linger, for
// express-ws only. Then text messages arrive as Buffers, as in every ws 8.
const express = require('express');
const { app } = require('express-ws')(express());

app.ws('/', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

const server = app.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${server.address().port}`));
