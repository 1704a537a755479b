// What docs/ends.md says of each sentence of src/close-sentence.ts: its usual cause, and what to do. `npm run ends` fails where one is missing.

module.exports = [
  {
    title: 'The peer ended the connection',
    sentences: {
      'The peer closed the connection, and this side answered': {
        cause: 'The peer did the closing handshake. `received` has its code and reason.',
        advice: 'None needed.',
      },
      'The peer closed the connection and was gone before the answer': {
        cause:
          'The peer sent a close frame and did not wait, as browsers do when a page is left. `received` has its code and reason.',
        advice: 'None needed.',
      },
      'The peer ended the connection without a closing handshake': {
        cause:
          "The peer's system closed TCP without a close frame: a tab was closed or refreshed, a process ended, or a proxy's idle limit was reached.",
        advice:
          'Compare `idleMs`. About the same round number of seconds again and again is a proxy: [send pings, or raise its limit](recipes/proxies.md).',
      },
      'The peer reset the connection': {
        cause:
          'The peer sent RST: its process died, it threw the connection away with data unread, a tab was closed in the middle of traffic, or a firewall rejected the connection.',
        advice:
          'Rare resets need no action. If all of the connections of a client end so, look for a crash there, or for a middlebox between.',
      },
      'The peer broke the WebSocket protocol': {
        cause:
          'The peer sent what RFC 6455 does not allow, or more than `maxPayload`. The code is 1006 here; the peer is told 1002, 1007 or 1009.',
        advice:
          '`error.code` says what was wrong. Mend the client, or raise `maxPayload`. From strangers it is everyday.',
      },
    },
  },
  {
    title: 'The peer vanished, or did not read',
    sentences: {
      'The peer did not answer a ping of the heartbeat': {
        cause: 'The peer vanished or its program hangs: no Wi-Fi, a sleeping laptop, a pulled cable.',
        advice: 'Let clients [come back by themselves](recipes/clients.md#i-want-a-client-that-comes-back).',
      },
      "The peer's system did not answer TCP keep-alive": {
        cause: 'The peer vanished, and the connection was idle.',
        advice: 'As above. [What finds a vanished peer, and when](vanished-peers.md).',
      },
      'The peer acknowledged nothing until TCP gave up': {
        cause: "The peer vanished while data was on its way to it, and the system's retransmissions ran out.",
        advice: 'That takes the system minutes. `heartbeat` finds such a peer sooner.',
      },
      'There was no route to the peer any more': {
        cause: "This machine's network is down, or has lost its route.",
        advice: "Look at this machine's network.",
      },
      'The local TCP stack aborted the connection': {
        cause:
          "This machine's TCP gave the connection up (Windows, 10053): a changed address, an adapter that went away, retransmissions that ran out.",
        advice: "Look at this machine's network, and at security software that filters it.",
      },
      'The peer did not finish the closing handshake in time': {
        cause: 'A close was under way, and for `closeTimeout` (2 s) nothing came from the peer and it took nothing.',
        advice:
          'None needed: a slow peer still gets what was sent, since the socket [goes on delivering](how-it-ends.md#what-becomes-of-messages). Raise `closeTimeout` to wait longer.',
      },
      'More was queued for the peer than maxBufferedAmount allows': {
        cause: 'The peer reads more slowly than it is sent to.',
        advice: 'Send less, wait with [`flushed()`](production.md#slow-clients), or raise the limit.',
      },
      'The peer took nothing of what was queued for it during sendTimeout': {
        cause: 'The peer has stopped reading, or has vanished.',
        advice: 'Raise `sendTimeout` if the peer is known to pause for longer.',
      },
      'The peer sent pings and did not read the pongs': {
        cause:
          "The peer has left more pongs unread than ws's option `maxPendingAutoPongs` allows. Another kind than `slow-consumer` says what had ended the connection before.",
        advice: 'Mend the client. From strangers it is an attack, and was stopped.',
      },
      'The peer did not read what was sent to it': {
        cause: 'Reserved: each rule that finds slow peers has a sentence of its own, above.',
        advice: 'None; no end of this version has it.',
      },
    },
  },
  {
    title: 'This side ended the connection',
    sentences: {
      'This side closed the connection, and the peer answered': {
        cause: '`close()` was called here. `delivered` is true where the peer had read everything.',
        advice: 'None needed.',
      },
      'A drain of this server closed the connection': {
        cause:
          '`drain()` or `drainOnSignal()` closed it, or a `close()` of the application was under way when the drain began. The kind says what came of the close: with `close-timeout` the peer did not answer.',
        advice: 'None needed. Clients should come back, to another server.',
      },
      'The connection was closed, since it had reached its maximum age': {
        cause: 'The option `maxAge`.',
        advice: 'None needed. Clients should come back.',
      },
      'This side aborted the connection': {
        cause:
          '`terminate()` or `abort()` was called here, or the socket below was destroyed; then `error.message` has the text of the error that was given.',
        advice: 'Find the caller.',
      },
      'This side ended the socket without a closing handshake': {
        cause: 'The socket below the WebSocket was ended here.',
        advice: 'Look for `_socket.end()`, or a proxy library in this process. Call `close()` instead.',
      },
      'Both sides had closed the connection before it was attached': {
        cause: '`attach()` came too late to see which side was the first.',
        advice: 'Call `attach()` when the WebSocket is made.',
      },
    },
  },
  {
    title: 'The connection never opened',
    sentences: {
      'The peer refused or broke off the opening handshake': {
        cause: 'The server answered with another status than 101, refused the connection, or was lost.',
        advice: "`error` has the cause; ws's 'unexpected-response' has the answer.",
      },
      'This side could not make the connection': {
        cause:
          "The name was not found, no port or descriptor was free, an AbortSignal fired, or the application's own `lookup`, `agent`, `createConnection` or `finishRequest` failed.",
        advice: '`error.code` says which. Look at DNS and at the limits of this machine.',
      },
      'The opening handshake was not finished in time': {
        cause: "`handshakeTimeout`, or TCP's own limit.",
        advice: 'Look for a firewall that drops packets, or a server that does not answer.',
      },
      'This side gave the connection up before it was open': {
        cause: '`close()` or `terminate()` was called on a client before it was open.',
        advice: "None needed; to avoid it, wait for 'open'.",
      },
      'The opening handshake had failed before it was attached': {
        cause: '`attach()` came too late to see which side broke it off.',
        advice: 'Call `attach()` when the WebSocket is made.',
      },
      'The peer refused or broke TLS': {
        cause: 'The peer sent a TLS alert, or speaks no TLS.',
        advice: '`error.code` names the alert. Compare the protocol (`ws:` or `wss:`), the port and the certificates.',
      },
      "This side refused the peer's certificate": {
        cause: 'The certificate has expired, is for another name, or is of nobody that this side trusts.',
        advice:
          "`error.code` has the reason, by Node's list of certificate errors. Mend the certificate, or give its authority as `ca`.",
      },
    },
  },
  {
    title: 'Nothing else fits',
    sentences: {
      'The connection was lost with an unknown error': {
        cause: 'An error that this package does not know, or an end before `attach()`.',
        advice: '`error` has all that is known. Please report it.',
      },
      'The connection was lost with an error of this machine': {
        cause: 'This machine has no buffers left (`ENOBUFS`).',
        advice: "Look at this machine's memory and at the number of its sockets.",
      },
    },
  },
];
