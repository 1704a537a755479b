/** The programs, with their versions. To add one: its line here, its file in apps/, and its peer. */
import type { Fault } from './link.js';
import { hocuspocusClient, nodeRedClient, peerjsClient, webpackClient } from './peers/callers.js';
import { chromium } from './peers/chromium.js';
import { gateway } from './peers/gateway.js';
import { obsStudio } from './peers/obs-studio.js';
import { centralSystem, chargePoint } from './peers/ocpp.js';
import type { CallingPeer, Hear, ServingPeer } from './peers/peer.js';

export interface Program {
  name: string;
  /** The file of apps/ that runs it. */
  app: string;
  /** Exact versions, the newest that run on Node 20. */
  packages: Record<string, string>;
  /** The packages through which ws is found, from the project on. */
  asks: string[];
  /** A program that asks for ws 7 keeps it. */
  keepsWs7?: true;
  needsBrowser?: true;
  /** To whom the program connects, or who connects to it. */
  peer:
    | { role: 'client'; serve: (hear: Hear) => Promise<ServingPeer> }
    | { role: 'server'; call: (port: number, hear: Hear) => Promise<CallingPeer> };
  /** The last event of the program, and the last message to its peer, before the connection is idle. */
  up: { event: string; heard?: string };
  /** The last event that follows a fault. Without one the program notices nothing before it is shut down. */
  told: Partial<Record<Fault, string>>;
}

/** All faults that end a connection. */
const ended = (event: string) => ({ rst: event, fin: event, 'half a frame': event, 'no frame': event });

export const PROGRAMS: Program[] = [
  {
    name: 'discord.js gateway',
    app: 'discord',
    packages: { '@discordjs/ws': '2.0.4' },
    asks: ['@discordjs/ws'],
    peer: { role: 'client', serve: gateway },
    up: { event: 'ready', heard: 'identify' },
    // After an error it begins a new session.
    told: { ...ended('resumed'), 'no frame': 'ready', stall: 'resumed' },
  },
  {
    name: 'puppeteer-core',
    app: 'puppeteer',
    packages: { 'puppeteer-core': '24.43.1' },
    asks: ['puppeteer-core'],
    needsBrowser: true,
    peer: { role: 'client', serve: chromium },
    up: { event: 'up' },
    told: ended('rejected'),
  },
  {
    name: 'ocpp-rpc client',
    app: 'ocpp-client',
    packages: { 'ocpp-rpc': '2.2.1' },
    asks: ['ocpp-rpc'],
    peer: { role: 'client', serve: centralSystem },
    up: { event: 'boot', heard: 'BootNotification' },
    told: { ...ended('open'), stall: 'open' },
  },
  {
    name: 'ocpp-rpc server',
    app: 'ocpp-server',
    packages: { 'ocpp-rpc': '2.2.1' },
    asks: ['ocpp-rpc'],
    peer: { role: 'server', call: chargePoint },
    up: { event: 'client', heard: 'Accepted' },
    told: { ...ended('close'), stall: 'close' },
  },
  {
    name: 'obs-websocket-js',
    app: 'obs',
    packages: { 'obs-websocket-js': '5.0.8' },
    asks: ['obs-websocket-js'],
    peer: { role: 'client', serve: obsStudio },
    up: { event: 'version', heard: 'op 6' },
    told: ended('ConnectionClosed'),
  },
  {
    name: 'Node-RED',
    app: 'node-red',
    packages: { 'node-red': '4.1.15' },
    asks: ['node-red', '@node-red/nodes'],
    keepsWs7: true,
    peer: { role: 'server', call: nodeRedClient },
    up: { event: 'status connect', heard: 'text hello' },
    told: ended('status disconnect'),
  },
  {
    name: 'webpack-dev-server',
    app: 'webpack-dev-server',
    packages: { 'webpack-dev-server': '5.2.7', webpack: '5.113.0' },
    asks: ['webpack-dev-server'],
    peer: { role: 'server', call: webpackClient },
    up: { event: 'connection', heard: 'ok' },
    told: { ...ended('close'), stall: 'close' },
  },
  {
    name: 'peerjs-server',
    app: 'peerjs',
    packages: { peer: '1.0.2' },
    asks: ['peer'],
    peer: { role: 'server', call: peerjsClient },
    up: { event: 'message', heard: 'OPEN' },
    told: ended('disconnect'),
  },
  {
    name: 'hocuspocus',
    app: 'hocuspocus',
    packages: { '@hocuspocus/server': '3.4.4' },
    asks: ['@hocuspocus/server'],
    peer: { role: 'server', call: hocuspocusClient },
    up: { event: 'connected', heard: 'type 0 1' },
    told: { ...ended('afterUnloadDocument'), stall: 'afterUnloadDocument' },
  },
];
