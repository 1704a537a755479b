/** Asks a process for its figures, over HTTP. */
import http from 'node:http';
import https from 'node:https';
import { printable } from '../../printable';

/** An answer has to be there after this long, in ms. */
const TIMEOUT_MS = 5_000;
/** No answer is longer, in bytes; metrics of a large program take some MB. */
const MOST_BYTES = 32 * 1024 * 1024;
/** Of what a server says to explain a refusal, so many characters are shown. */
const LONGEST_REASON = 100;

/** Returns the body of the answer. Rejects with an error whose message says why there is none. `signal` ends the waiting. */
export function ask(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const { get } = url.startsWith('https:') ? https : http;
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Each time a connection of its own: one that is kept may belong to a process that is gone.
    const request = get(url, { agent: false, signal }, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > MOST_BYTES) request.destroy(new Error('the answer is too long'));
      });
      response.on('error', fail);
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) finish(() => resolve(body));
        else fail(new Error(refusal(response, body)));
      });
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
    request.on('error', fail);

    function finish(settle: () => void): void {
      clearTimeout(timer);
      settle();
    }
    function fail(error: Error): void {
      finish(() => reject(new Error(reasonOf(error))));
    }
  });
}

function refusal({ statusCode, headers }: http.IncomingMessage, body: string): string {
  const isText = headers['content-type']?.startsWith('text/plain');
  const [reason = ''] = isText ? body.slice(0, LONGEST_REASON).split('\n') : [];
  return printable(`it answers ${statusCode}${reason && `: ${reason}`}`);
}

/** Of a name with several addresses Node's error has a code and no message. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return printable(code && !message.includes(code) ? [code, message].filter(Boolean).join(': ') : message);
}
