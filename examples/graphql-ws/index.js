// graphql-ws works with any WebSocketServer that is passed to useServer().
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws-linger';

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: { type: GraphQLString, args: { to: { type: GraphQLString } }, resolve: (_root, { to }) => `hello ${to}` },
    },
  }),
});

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080, path: '/graphql' });
useServer(
  {
    schema,
    onClose: (context) => {
      const info = context.extra.socket.closeInfo;
      console.log(`disconnect: ${info.kind}, origin ${info.origin}`);
    },
  },
  wss,
);
wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
