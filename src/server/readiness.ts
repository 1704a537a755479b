/** What an orchestrator or a balancer asks before it sends clients here: a readiness probe over HTTP. */
import { sidesOf } from './server-side';

/** A response of Node's HTTP servers, or of a framework on top of them. */
export interface ReadinessResponse {
  /** The status of the answer. */
  statusCode: number;
  /** Sets a header. */
  setHeader(name: string, value: string): unknown;
  /** Sends the answer. */
  end(body?: string): unknown;
}

/**
 * Makes a request handler for a readiness probe. It answers 200 while all the servers are `ready`, and 503 (RFC 9110 §15.6.4) when one of
 * them is not listening or is drained. For `http.createServer()`, and as a handler of Express.
 *
 * A drain closes the HTTP server that a WebSocketServer with `port` has made. Where the probe is to be answered until the process ends,
 * give it an HTTP server of its own.
 *
 * @param servers - Servers of this package, or attached ones; one or an array.
 * @returns The handler. It needs no request.
 * @throws `WSL_ERR_NOT_ATTACHABLE` for what is no server of this package, `WSL_ERR_OTHER_COPY` for one that another version of it has
 * made.
 */
export function readinessHandler(servers: object | object[]): (request: unknown, response: ReadinessResponse) => void {
  const sides = sidesOf('readinessHandler()', servers);
  return (_request, response) => {
    const isReady = sides.every(({ ready }) => ready);
    response.statusCode = isReady ? 200 : 503;
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Cache-Control', 'no-store');
    response.end(isReady ? 'ready\n' : 'not ready\n');
  };
}
