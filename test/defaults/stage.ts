/**
 * Where the promises are tried: one host for the subjects, one host of peers for each thing that happens to a network, and a
 * process on each. It opens connections between them and cuts the cables, all at the same moment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Endpoint, WinePrefix } from '../lossless/endpoint.js';
import { type Cable, Network } from '../lossless/network.js';
import { certificate } from '../support/certificate.js';
import type {
  Answer,
  Behaviour,
  PeerNews,
  PeerOrder,
  Role,
  SubjectAct,
  SubjectNews,
  SubjectOptions,
  SubjectOrder,
  Transport,
} from './orders.js';

/** What happens to a cable once all connections are open: nothing, it is cut for good, or for so many ms. */
export const CABLES = {
  steady: null,
  cut: Number.POSITIVE_INFINITY,
  'outage-2': 2_000,
  'outage-5': 5_000,
  'outage-20': 20_000,
};
export type CableName = keyof typeof CABLES;

export type Subject = Endpoint<SubjectOrder, SubjectNews>;
export type PeerHost = Endpoint<PeerOrder, PeerNews>;

const OPEN_MS = 15_000;
/** Of the kernel's buffers, so that little is enough to fill them. */
const BUFFER_BYTES = 65_536;

export interface StageOptions {
  windows: boolean;
  control: 'native' | 'portable';
}

export interface Wanted {
  cable: CableName;
  role: Role;
  transport: Transport;
  peer: Behaviour;
  options?: SubjectOptions;
  /** The subject is a process of its own, in which no other connection has anything looked at. */
  isAlone?: boolean;
}

/** One connection between a subject and a peer. Times are those of the machine's clock, in ms. */
export class Connection {
  readonly id: string;
  readonly subject: Subject;
  readonly peer: PeerHost;

  constructor(id: string, subject: Subject, peer: PeerHost) {
    this.id = id;
    this.subject = subject;
    this.peer = peer;
  }

  /** Returns when it was done. */
  async act(act: SubjectAct): Promise<number> {
    this.subject.order({ do: 'act', id: this.id, act });
    const acted = await this.subject.next('acted', this.id, OPEN_MS);
    if (!acted) throw new Error(`no answer to ${act}`);
    return acted.at;
  }

  async fill(): Promise<void> {
    this.subject.order({ do: 'act', id: this.id, act: 'fill' });
    if (!(await this.subject.next('stalled', this.id, OPEN_MS))) throw new Error('it does not stall');
  }

  async bytesAtPeer(): Promise<number> {
    this.peer.order({ do: 'count', id: this.id });
    return (await this.peer.next('counted', this.id, OPEN_MS))?.bytes ?? Number.NaN;
  }
}

export class Stage {
  readonly options: StageOptions;
  /** When the cables were cut, and when they were mended. */
  readonly cutAt = new Map<CableName, number>();
  readonly #mended = new Map<CableName, Promise<number>>();
  readonly #network = new Network('defaults');
  readonly #cables = new Map<CableName, Cable>();
  readonly #peers = new Map<CableName, PeerHost>();
  readonly #endpoints: { kill(): Promise<unknown> }[] = [];
  #prefix: WinePrefix | null = null;
  #subject: Subject | undefined;
  #ids = 0;

  constructor(options: StageOptions) {
    this.options = options;
    process.once('exit', () => this.#remove());
  }

  async start(): Promise<void> {
    for (const name of Object.keys(CABLES) as CableName[])
      this.#cables.set(name, this.#network.addPeerHost(BUFFER_BYTES, BUFFER_BYTES));
    const [subject] = await Promise.all([
      this.startSubject(),
      ...[...this.#cables].map((one) => this.#startPeers(...one)),
    ]);
    this.#subject = subject;
  }

  /** A process of its own, for what ends the process. */
  async startSubject(): Promise<Subject> {
    const host = this.#network.senderHost(BUFFER_BYTES);
    const { windows, control } = this.options;
    const script = '../defaults/subject.js';
    if (windows) this.#prefix ??= new WinePrefix(`prefix-${host}`);
    const subject = this.#prefix
      ? await Endpoint.startWindows<SubjectOrder, SubjectNews>(host, this.#prefix, script, [control])
      : await Endpoint.start<SubjectOrder, SubjectNews>(host, script, [control]);
    this.#endpoints.push(subject);
    subject.order({ do: 'setup', ...(await certificate()) });
    return subject;
  }

  async #startPeers(name: CableName, { peerHost }: Cable): Promise<void> {
    const peers = await Endpoint.start<PeerOrder, PeerNews>(peerHost, '../defaults/peer.js');
    this.#endpoints.push(peers);
    peers.order({ do: 'setup', ...(await certificate()) });
    this.#peers.set(name, peers);
  }

  get subject(): Subject {
    if (!this.#subject) throw new Error('the stage is not started');
    return this.#subject;
  }

  newId(): string {
    return `c${++this.#ids}`;
  }

  peersAt(cable: CableName): PeerHost {
    return this.#peers.get(cable) as PeerHost;
  }

  /** The subjects' address, as the peers at that cable see it. */
  addressAt(cable: CableName): string {
    return (this.#cables.get(cable) as Cable).senderAddress;
  }

  async open({ cable, role, transport, peer: behaviour, options = {}, isAlone }: Wanted): Promise<Connection> {
    const id = this.newId();
    const peers = this.peersAt(cable);
    const subject = isAlone ? await this.startSubject() : this.subject;
    if (role === 'server') {
      const port = await this.listen(subject, id, transport, options);
      return this.join(subject, { cable, transport, behaviour, port, id });
    }
    const { peerAddress: host } = this.#cables.get(cable) as Cable;
    peers.order({ do: 'listen', id, transport, behaviour });
    const listening = await peers.next('listening', id, OPEN_MS);
    if (!listening) throw new Error(`${id}: the peer has no port`);
    subject.order({ do: 'connect', id, transport, options, host, port: listening.port });
    return this.#whenOpen(new Connection(id, subject, peers));
  }

  /** Starts a server of a subject. Returns its port. */
  async listen(
    subject: Subject,
    id: string,
    transport: Transport,
    options: SubjectOptions = {},
    answer: Answer = 'accepting',
  ): Promise<number> {
    subject.order({ do: 'listen', id, transport, options, answer });
    const listening = await subject.next('listening', id, OPEN_MS);
    if (!listening) throw new Error(`${id}: the subject has no port`);
    return listening.port;
  }

  /** Connects a peer to a subject's server. The path that it asks for is the connection's id. */
  async join(
    subject: Subject,
    to: { cable: CableName; transport: Transport; behaviour: Behaviour; port: number; id?: string },
  ): Promise<Connection> {
    const { cable, transport, behaviour, port, id = this.newId() } = to;
    const connection = new Connection(id, subject, this.peersAt(cable));
    connection.peer.order({ do: 'connect', id, transport, behaviour, host: this.addressAt(cable), port });
    return behaviour === 'waiting' ? connection : this.#whenOpen(connection);
  }

  async #whenOpen(connection: Connection): Promise<Connection> {
    const { id, subject, peer } = connection;
    const both = await Promise.all([subject.next('open', id, OPEN_MS), peer.next('open', id, OPEN_MS)]);
    if (both.includes(null)) throw new Error(`${id}: not open after ${OPEN_MS} ms`);
    return connection;
  }

  /** Cuts all cables that are to be cut. */
  cut(): void {
    for (const [name, ms] of Object.entries(CABLES) as [CableName, number | null][]) {
      if (ms === null) continue;
      const cable = this.#cables.get(name) as Cable;
      this.#network.cut(cable);
      this.cutAt.set(name, Date.now());
      if (ms === Number.POSITIVE_INFINITY) continue;
      const mended = delay(ms).then(() => {
        this.#network.mend(cable);
        return Date.now();
      });
      this.#mended.set(name, mended);
    }
  }

  async mendedAt(cable: CableName): Promise<number> {
    return (await this.#mended.get(cable)) as number;
  }

  async close(): Promise<void> {
    await Promise.all(this.#endpoints.splice(0).map((endpoint) => endpoint.kill()));
    this.#remove();
  }

  /** For an exiting process, too, which cannot wait. */
  #remove(): void {
    for (const endpoint of this.#endpoints.splice(0)) void endpoint.kill();
    this.#prefix?.remove();
    this.#prefix = null;
    this.#network.remove();
  }
}
