/** Peers that are cut off from the network. Plain ws, and silent. */
import { once } from 'node:events';
import Upstream from 'ws-upstream';

const [base, ...paths] = process.argv.slice(2);

Promise.all(paths.map((path) => once(new Upstream(base + path), 'open'))).then(() => process.send?.('open'));
process.on('disconnect', () => process.exit());
