/** Shows the table of disconnects: one row for each pair of connections, the newest first. */
import { tone } from './kinds.js';

const MOST_ROWS = 60;

const body = document.getElementById('rows');
const template = document.getElementById('row').content.firstElementChild;
const shown = new Map();

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** Adds new rows and updates changed ones. `now` is the server's time. */
export function show(rows, now) {
  for (const row of rows) {
    let element = shown.get(row.number)?.element;
    if (!element) {
      element = template.cloneNode(true);
      body.prepend(element);
    }
    shown.set(row.number, { row, element });
    fill(element, row, now);
  }
  for (const [number, { element }] of shown) {
    if (shown.size <= MOST_ROWS) break;
    element.remove();
    shown.delete(number);
  }
  document.getElementById('empty').hidden = shown.size > 0;
}

export function clear() {
  shown.clear();
  body.replaceChildren();
}

/** Updates the time for which one server has held a connection that the other server has ended. */
export function tick(now) {
  for (const { row, element } of shown.values()) {
    if (row.plain === 'open' || row.linger === 'open') fill(element, row, now);
  }
}

function fill(element, row, now) {
  const { number, peer } = row;
  const linger = ended(row.linger);
  const plain = ended(row.plain);
  const at = Math.min(linger?.at ?? Infinity, plain?.at ?? Infinity);
  const cell = (name) => element.querySelector(`[data-cell="${name}"]`);
  cell('time').textContent = clock.format(at);
  const [name, received] = cell('connection').children;
  name.textContent = `#${number} ${peer}`;
  received.textContent = receivedText(row.arrived);
  const [kind, explanation] = cell('kind').children;
  kind.textContent = linger?.kind ?? row.linger;
  kind.dataset.tone = linger ? tone(linger.kind) : 'open';
  explanation.textContent = linger?.sentence ?? '';
  cell('origin').textContent = linger?.origin ?? '';
  cell('phase').textContent = linger?.phase ?? '';
  cell('code').textContent = linger?.code ?? '';
  cell('took').textContent = linger ? durationText(linger) : '';
  cell('plain').textContent = plain ? plainText(plain, linger) : PLAIN_WITHOUT_END[row.plain](now - at);
  cell('plain').classList.toggle('holds', row.plain === 'open');
}

const PLAIN_WITHOUT_END = {
  open: (ms) => `still open after ${seconds(ms)}`,
  absent: () => 'was never connected',
};

/** How much of the backlog the peer received from each server whose socket has closed, as text. */
function receivedText(arrived) {
  const of = (side, server) => arrived?.[side] !== undefined && `${mebibytes(arrived[side])} from ${server}`;
  const parts = [of('linger', 'ws-linger'), of('plain', 'plain ws')].filter(Boolean);
  return parts.length > 0 ? `received ${parts.join(', ')}` : '';
}

function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function ended(side) {
  return typeof side === 'object' ? side : null;
}

function durationText({ elapsedMs, forced }) {
  const time = elapsedMs < 1000 ? `${Math.round(elapsedMs)} ms` : seconds(elapsedMs);
  return forced ? `${time}, cut${forced === 'reset' ? ' by RST' : ''}` : time;
}

function plainText({ code, at, errorCode }, linger) {
  const later = linger ? at - linger.at : 0;
  return [String(code), errorCode, later >= 1000 && `${seconds(later)} later`].filter(Boolean).join(', ');
}

function seconds(ms) {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}
