/**
 * A package registry with the packed ws-linger, which redirects requests for other packages to the usual registry. It
 * allows overrides as users write them, `npm:ws-linger@…`, in place of a path to a tarball.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Registry {
  url: string;
  close(): void;
}

/** A week ago, because some package managers refuse packages that were published within the last hours. */
const PUBLISHED = new Date(Date.now() - 7 * 24 * 3600 * 1000).toISOString();

export async function startRegistry(tarball: string, elsewhere: string): Promise<Registry> {
  const content = readFileSync(tarball);
  const manifest = JSON.parse(execFileSync('tar', ['xzOf', tarball, 'package/package.json']).toString());
  const { name, version } = manifest;
  const file = `/${name}/-/${name}-${version}.tgz`;
  const server = createServer((request, response) => {
    const { url = '/' } = request;
    if (url === `/${name}`) response.end(JSON.stringify(packument()));
    else if (url === file) response.end(content);
    else response.writeHead(302, { location: new URL(url.slice(1), elsewhere).href }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  /** The registry's document of the package: its manifest, and the hashes of its tarball. */
  function packument(): object {
    const hash = (algorithm: string) => createHash(algorithm).update(content);
    const dist = {
      tarball: new URL(file, home).href,
      shasum: hash('sha1').digest('hex'),
      integrity: `sha512-${hash('sha512').digest('base64')}`,
    };
    return {
      name,
      'dist-tags': { latest: version },
      time: { [version]: PUBLISHED },
      versions: { [version]: { ...manifest, dist } },
    };
  }

  return { url: home, close: () => server.close().closeAllConnections() };
}
