import { generate } from 'selfsigned';

let generated: Promise<{ key: string; cert: string }> | undefined;

/** Returns a self-signed certificate for 127.0.0.1, generated once per process. */
export function certificate(): Promise<{ key: string; cert: string }> {
  generated ??= generate([{ name: 'commonName', value: '127.0.0.1' }]).then(({ private: key, cert }) => ({
    key,
    cert,
  }));
  return generated;
}
