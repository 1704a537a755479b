/** The page: what the feed tells goes into the tiles, the timeline and the table; buttons go the other way. */
import { closePairs, look, openPairs } from './connections.js';
import * as table from './table.js';
import * as timeline from './timeline.js';

const $ = (id) => document.getElementById(id);
const rows = new Map();
let feed;
let ahead = 0; // of this machine's clock, in ms
const serverNow = () => Date.now() + ahead;

function connect() {
  feed = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/feed`);
  feed.addEventListener('open', () => say('link', 'Connected'));
  feed.addEventListener('message', ({ data }) => hear(JSON.parse(data)));
  feed.addEventListener('close', () => {
    say('link', 'The demo’s server is not there. Trying again…');
    setTimeout(connect, 1000);
  });
}

function hear({ now, server, rows: told, held }) {
  ahead = now - Date.now();
  if (server) {
    rows.clear();
    table.clear();
    timeline.setHeld(held);
    const { version, ws, node, platform, control, reason } = server;
    const how = control === 'native' ? control : `${control} (${reason})`;
    say('server', `ws-linger ${version}, ws ${ws}, Node ${node} on ${platform}, ${how}`);
  } else {
    timeline.addHeld(held);
    announce(told);
  }
  for (const row of told) rows.set(row.number, row);
  table.show(told, now);
  timeline.setEnds([...rows.values()]);
  const last = held.at(-1);
  if (last) {
    say('held-linger', last.linger);
    say('held-plain', last.plain);
  }
  count();
  timeline.draw(now);
}

function count() {
  const all = [...rows.values()];
  say('explained', all.filter(({ linger }) => linger.kind && linger.kind !== 'unknown').length);
  say('unexplained', all.filter(({ plain }) => plain.code === 1006 && !plain.errorCode).length);
}

/** One sentence for all that came together. A row comes again when the other server has ended it too, which is no news. */
function announce(told) {
  const ended = told.filter(({ number, linger }) => linger.kind && !rows.get(number)?.linger.kind);
  if (ended.length === 0) return;
  const kinds = Object.entries(Object.groupBy(ended, ({ linger }) => `${linger.kind}, by ${linger.origin}`));
  say('news', `Ended: ${kinds.map(([kind, { length }]) => `${length} ${kind}`).join('; ')}`);
}

function say(id, text) {
  $(id).textContent = text;
}

const act = (action) => feed.readyState === WebSocket.OPEN && feed.send(action);

function showTraffic() {
  const { open, opening, rate } = look();
  const parts = [open > 0 && `${open} open to each server`, opening > 0 && `${opening} opening`, `${rate} messages/s`];
  say('traffic', open + opening === 0 ? 'None open' : parts.filter(Boolean).join(', '));
}

$('open').addEventListener('click', () => {
  if ($('count').reportValidity()) openPairs($('count').valueAsNumber, showTraffic);
});
$('close').addEventListener('click', closePairs);
$('refresh').addEventListener('click', () => location.reload());
for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => act(button.dataset.action));
}
setInterval(() => {
  showTraffic();
  table.tick(serverNow());
  timeline.draw(serverNow());
}, 1000);
addEventListener('resize', () => {
  timeline.rebuild();
  timeline.draw(serverNow());
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  timeline.rebuild();
  timeline.draw(serverNow());
});

// A page that is refreshed opens again what it had, as an application would.
addEventListener('pagehide', () => sessionStorage.setItem('open', look().open));
const wanted = sessionStorage.getItem('open') ?? new URLSearchParams(location.search).get('open');
connect();
openPairs(Math.min(Number(wanted) || 0, $('count').max), showTraffic);
