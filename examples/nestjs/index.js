// Nest's WsAdapter creates its server with its own copy of ws. A gateway receives the server in afterInit(), where attach()
// adds ws-linger's behaviour. In TypeScript, the two calls below the class are the decorators @WebSocketGateway() and
// @SubscribeMessage('echo').
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { attach } from 'ws-linger';

class EchoGateway {
  afterInit(server) {
    attach(server);
  }

  echo(_client, data) {
    return { event: 'echo', data };
  }

  handleDisconnect(client) {
    const info = client.closeInfo;
    console.log(`disconnect: ${info.kind}, origin ${info.origin}`);
  }
}
WebSocketGateway()(EchoGateway);
SubscribeMessage('echo')(EchoGateway.prototype, 'echo', Object.getOwnPropertyDescriptor(EchoGateway.prototype, 'echo'));

class AppModule {}
Module({ providers: [EchoGateway] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(process.env.PORT ?? 8080);
console.log(`listening on ${app.getHttpServer().address().port}`);
