/** Whether an HTTP request comes from this machine, and was meant for it. Pure. */

/** What is looked at of a request. */
export interface Asked {
  /** The address of its peer; undefined where the socket has none, as a pipe. */
  address: string | undefined;
  /** Its Host header, and `:authority` in HTTP/2 (RFC 9113 §8.3.1), where it has them. */
  hosts: readonly string[];
  /** A proxy says that it has passed the request on. */
  isForwarded: boolean;
}

/**
 * Why a request is not one of this machine's own, or null. A page of the web whose name resolves to 127.0.0.1 (DNS rebinding) comes
 * from this machine, and is known by the name in Host.
 */
export function whyNotLocal({ address, hosts, isForwarded }: Asked): string | null {
  if (!isLoopbackAddress(address)) return 'only requests from this machine are answered';
  if (isForwarded) return 'requests that a proxy passes on are not answered';
  if (!hosts.every(isLoopbackHost)) return 'the Host header must be localhost or a loopback address';
  return null;
}

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3), also IPv4-mapped (RFC 4291 §2.5.5.2), and ::1. */
function isLoopbackAddress(address = ''): boolean {
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address);
}

/** Whether a Host header, with or without a port, names this machine: RFC 6761 §6.3 keeps `localhost` and what ends so for it. */
export function isLoopbackHost(host: string): boolean {
  const name = hostnameOf(host).replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'));
}

/** As a browser reads it: in lower case, addresses in their usual form. */
function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}
