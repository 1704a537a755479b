// Node's types do not come with the package: with them a timer is an object.
import WebSocket from 'ws-linger';

export const timer: number = setTimeout(() => new WebSocket('ws://localhost').send(new Blob([])), 1);
