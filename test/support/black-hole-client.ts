/**
 * node black-hole-client.js URL PATH…: opens one plain ws connection for each path and sends nothing. The test then
 * cuts its network.
 */
import { once } from 'node:events';
import Upstream from 'ws-upstream';

const [base, ...paths] = process.argv.slice(2);

Promise.all(paths.map((path) => once(new Upstream(base + path), 'open'))).then(() => process.send?.('open'));
process.on('disconnect', () => process.exit());
