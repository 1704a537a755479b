/** What a promise is, and how it is judged. */
import type { Role, Transport } from './orders.js';
import type { Connection, Stage, Wanted } from './stage.js';

/** What one variant of a promise (such as: server, TLS) showed. */
export interface Outcome {
  variant: string;
  /** What was measured; null where it did not happen. */
  ms: number | null;
  /** What else was seen, in a few words. */
  seen?: string;
  ok: boolean;
}

export interface DefaultPromise {
  /** A sentence of the documentation. */
  says: string;
  /** The number promised, with its tolerance. */
  limit: string;
  /** The options (`drain.` before those of a drain) whose defaults this shows, each with the number that is its default. */
  covers: Record<string, number | string>;
  /** Where nobody can keep it elsewhere. */
  isLinuxOnly?: true;
  /** Nothing is promised: what is measured is only shown. */
  isReport?: true;
  /** Opens what it needs. What it returns runs once the cables are cut. */
  prepare(stage: Stage): Promise<() => Promise<Outcome[]>>;
}

/** A quarter of `closeTimeout`: the end of a close is looked for four times within it. */
export const QUARTER = 0.25;
export const FIVE_PERCENT = 0.05;
/** A timer may be early, and late, by the granularity of the clocks; so much of a limit, at the least. */
const GRANULARITY = 0.02;

/** Told at `ms`, not before, and later by at most a share of it. */
export function isAt(measured: number | null, ms: number, late: number): boolean {
  return measured !== null && measured >= ms * (1 - GRANULARITY) && measured <= ms * (1 + late + GRANULARITY);
}

export function isWithin(measured: number | null, ms: number, late = 0): boolean {
  return measured !== null && measured <= ms * (1 + late);
}

export type Variant = { variant: string } & Pick<Wanted, 'role' | 'transport' | 'isAlone'>;

const ROLES: Role[] = ['server', 'client'];

function variantsOf(transports: Transport[]): Variant[] {
  return ROLES.flatMap((role) => transports.map((transport) => ({ variant: `${role} ${transport}`, role, transport })));
}

export const ALL = variantsOf(['tcp', 'tls', 'duplex']);
/** Those with a TCP connection of their own that the system knows. */
export const SOCKETS = variantsOf(['tcp', 'tls']);
/** A process with one connection: what others ask of the system must not be what this one needs. */
export const ALONE: Variant = { variant: 'server tcp alone', role: 'server', transport: 'tcp', isAlone: true };

export interface Opened {
  variant: string;
  connection: Connection;
}

/** Opens one connection for each variant. */
export function openAll(stage: Stage, variants: Variant[], wanted: Omit<Wanted, keyof Variant>): Promise<Opened[]> {
  return Promise.all(
    variants.map(async ({ variant, ...how }) => ({
      variant,
      connection: await stage.open({ ...wanted, ...how }),
    })),
  );
}

/** Sends each peer more than its system takes. */
export async function fillAll(opened: Opened[]): Promise<void> {
  await Promise.all(
    opened.map(({ variant, connection }) =>
      connection.fill().catch((error: Error) => {
        throw new Error(`${variant}: ${error.message}`);
      }),
    ),
  );
}

/** For promises that are shown by the same connections: `make` is called once for each stage. */
export function shared<T>(make: (stage: Stage) => Promise<T>): (stage: Stage) => Promise<T> {
  const made = new WeakMap<Stage, Promise<T>>();
  return (stage) => {
    const known = made.get(stage) ?? make(stage);
    made.set(stage, known);
    return known;
  };
}
