/** Serves the files of the demo's page. Only the files in this list are served, so a request cannot read another one. */
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { requestUrl } from './request-url';

/** The page's files are served from src/ without a build step. */
const PAGE = join(__dirname, '..', '..', '..', 'src', 'tools', 'demo', 'page');
/** In the package uPlot's files lie beside the other libraries; in the repository they are in its own package. */
const PACKED = join(__dirname, '..', 'libraries');
const UPLOT = existsSync(PACKED) ? PACKED : dirname(require.resolve('uplot/dist/uPlot.iife.min.js'));

const FILES: Readonly<Record<string, string>> = {
  '/': join(PAGE, 'index.html'),
  '/elsewhere': join(PAGE, 'elsewhere.html'),
  ...Object.fromEntries(
    ['style.css', 'icon.svg', 'app.js', 'connections.js', 'table.js', 'timeline.js', 'kinds.js'].map((name) => [
      `/${name}`,
      join(PAGE, name),
    ]),
  ),
  '/uplot.js': join(UPLOT, 'uPlot.iife.min.js'),
  '/uplot.css': join(UPLOT, 'uPlot.min.css'),
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export function servePage(request: IncomingMessage, response: ServerResponse): void {
  const path = requestUrl(request)?.pathname ?? '';
  const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (!file || request.method !== 'GET') {
    response.writeHead(file ? 405 : 404, { 'Content-Type': 'text/plain' }).end('The demo does not have this page.\n');
    return;
  }
  response
    .writeHead(200, {
      'Content-Type': TYPES[extname(file)],
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'self'; connect-src 'self' ws:",
      'X-Content-Type-Options': 'nosniff',
    })
    .end(readFileSync(file));
}
