/** node attackers.js ATTACK PORT SECONDS SCALE MOST: the peers of an attack. */
import { attackOf } from './attacks.js';
import { Crowd } from './crowd.js';
import type { FromAttackers } from './messages.js';

const [, , name, ...numbers] = process.argv;
const [port, seconds, scale, most] = numbers.map(Number) as [number, number, number, number];

async function main(): Promise<void> {
  const crowd = new Crowd(port, seconds, scale, most);
  process.on('message', () => crowd.leave());
  await attackOf(name).attack(crowd);
  process.send?.({ done: crowd.done } satisfies FromAttackers);
}

process.on('disconnect', () => process.exit());
main();
