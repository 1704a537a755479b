/** The addresses and the device of a run's own network. Pure. */

export interface NetworkPlan {
  /** The device on the run's side. */
  device: string;
  outside: string;
  routerOutside: string;
  routerInside: string;
  /** The server's address. */
  inside: string;
  /** The network that the run reaches through the router. */
  route: string;
}

/** RFC 2544 keeps 198.18.0.0/15 for tests. Eight addresses for each run: two networks of four. */
const FIRST = 198 * 2 ** 24 + 18 * 2 ** 16;
const SIZE = 8;
const RUNS = 2 ** 17 / SIZE;

/** Different runs of one machine have different process ids, and so different addresses. */
export function networkPlan(pid: number): NetworkPlan {
  const first = FIRST + (pid % RUNS) * SIZE;
  return {
    device: `wsl-o${pid}`,
    outside: address(first + 1),
    routerOutside: address(first + 2),
    routerInside: address(first + 5),
    inside: address(first + 6),
    route: `${address(first + 4)}/30`,
  };
}

function address(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
