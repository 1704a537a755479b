/** The page's main script: shows the feed's messages in tiles, timeline and table, and sends the buttons' actions. */
import { closePairs, openPairs, traffic } from './connections.js';
import * as table from './table.js';
import * as timeline from './timeline.js';

const $ = (id) => document.getElementById(id);
const rows = new Map();
let feed;
let clockOffset = 0; // of the server's clock to this browser's, in ms
const serverNow = () => Date.now() + clockOffset;

function connect() {
  feed = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/feed`);
  feed.addEventListener('open', () => setText('link', 'Connected'));
  feed.addEventListener('message', ({ data }) => onFeedMessage(JSON.parse(data)));
  feed.addEventListener('close', () => {
    setText('link', 'The demo’s server does not answer. Trying again…');
    setTimeout(connect, 1000);
  });
}

function onFeedMessage({ now, server, rows: changed, held, live }) {
  clockOffset = now - Date.now();
  if (live) return setText('live', live.join('\n'));
  if (server) {
    rows.clear();
    table.clear();
    timeline.setHeld(held);
    const { version, ws, node, platform, control, reason } = server;
    const how = control === 'native' ? control : `${control} (${reason})`;
    setText('server', `ws-linger ${version}, ws ${ws}, Node ${node} on ${platform}, ${how}`);
  } else {
    timeline.addHeld(held);
    announce(changed);
  }
  for (const row of changed) rows.set(row.number, row);
  table.show(changed, now);
  timeline.setEnds([...rows.values()]);
  const last = held.at(-1);
  if (last) {
    setText('held-linger', last.linger);
    setText('held-plain', last.plain);
  }
  countCauses();
  timeline.draw(now);
}

/** Counts the ends with a known cause at ws-linger, and those of which plain ws reports nothing but 1006. */
function countCauses() {
  const all = [...rows.values()];
  setText('explained', all.filter(({ linger }) => linger.kind && linger.kind !== 'unknown').length);
  setText('unexplained', all.filter(({ plain }) => plain.code === 1006 && !plain.errorCode).length);
}

/**
 * Tells screen readers, in one sentence, which connections have ended at ws-linger. A row that plain ws ends later comes
 * a second time, and is not announced again.
 */
function announce(changed) {
  const ended = changed.filter(({ number, linger }) => linger.kind && !rows.get(number)?.linger.kind);
  if (ended.length === 0) return;
  const kinds = Object.entries(Object.groupBy(ended, ({ linger }) => `${linger.kind}, by ${linger.origin}`));
  setText('announcement', `Ended: ${kinds.map(([kind, { length }]) => `${length} ${kind}`).join('; ')}`);
}

function setText(id, text) {
  $(id).textContent = text;
}

const sendAction = (action) => feed.readyState === WebSocket.OPEN && feed.send(action);

function showTraffic() {
  const { open, opening, rate } = traffic();
  const parts = [open > 0 && `${open} open to each server`, opening > 0 && `${opening} opening`, `${rate} messages/s`];
  setText('traffic', open + opening === 0 ? 'None open' : parts.filter(Boolean).join(', '));
}

$('open').addEventListener('click', () => {
  if ($('count').reportValidity()) openPairs($('count').valueAsNumber, showTraffic);
});
$('close').addEventListener('click', closePairs);
$('refresh').addEventListener('click', () => location.reload());
for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => sendAction(button.dataset.action));
}
setInterval(() => {
  showTraffic();
  sendAction('live');
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

// After a refresh the page reopens its connections, as an application would.
addEventListener('pagehide', () => sessionStorage.setItem('open', traffic().open));
const wanted = sessionStorage.getItem('open') ?? new URLSearchParams(location.search).get('open');
connect();
openPairs(Math.min(Number(wanted) || 0, $('count').max), showTraffic);
