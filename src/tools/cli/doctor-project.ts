/** Renders the copies of ws in a project, in 80 columns. */
import type { AskedBy, Copy, CopyState, Project } from '../doctor/project';
import type { Colors } from './colors';
import { wrap } from './wrap';

/** How many of a kind are printed; --json has all. */
const MOST = 12;

const STATES: Record<CopyState, (version: string) => string> = {
  'ws-linger-as-ws': (version) => `ws-linger ${version} in the place of ws`,
  'ws-linger': (version) => `ws-linger ${version}`,
  ws: (version) => `plain ws ${version}`,
  'old-ws': (version) => `plain ws ${version}, which ws-linger cannot replace`,
  'ws-upstream': (version) => `ws ${version}, which ws-linger itself uses`,
};

export function renderProject({ copies, bundled, complete }: Project, colors: Colors): string {
  const lines = [
    'The copies of ws in this project',
    ...listed(copies, (copy) => renderCopy(copy)),
    ...listed(bundled, ({ name, version, path }) => [
      wrap(`${name} ${version} has ws inside its own code, out of reach of overrides`, '  ', '    '),
      `    ${path}`,
    ]),
  ];
  if (copies.length === 0 && bundled.length === 0) lines.push('  none');
  const notes = [...notesOn(copies), ...(complete ? [] : ['The project is too large: only a part was searched.'])];
  return [...lines, ...notes.map((note) => colors.yellow(wrap(note, '! ', '  ')))].join('\n');
}

function renderCopy({ version, path, state, askedBy }: Copy): string[] {
  return [
    wrap(STATES[state](version), '  ', '    '),
    `    ${path}`,
    ...listed(askedBy, (asker) => [wrap(request(asker), '    ', '      ')]),
  ];
}

function request({ name, version, as, range }: AskedBy): string {
  return `${as}@${range} for ${name}${version && ` ${version}`}`;
}

function listed<T>(all: readonly T[], render: (one: T) => string[]): string[] {
  const lines = all.slice(0, MOST).flatMap(render);
  return all.length > MOST ? [...lines, `    and ${all.length - MOST} more, which --json prints`] : lines;
}

/** Whether some import the package by its own name, and some as ws. */
function hasBothNames(ours: Copy[]): boolean {
  return new Set(ours.map(({ state }) => state)).size > 1;
}

/** What should be changed, or will surprise. */
function notesOn(copies: Copy[]): string[] {
  const ours = copies.filter(({ state }) => state.startsWith('ws-linger'));
  const replaced = ours.some(({ state }) => state === 'ws-linger-as-ws');
  const notes = ours
    .flatMap(({ askedBy }) => askedBy.filter(({ fits }) => fits === false))
    .map(({ name, as, range }) => `${name} asks for ${as}@${range} and gets version 8. ${RANGED}`);
  if (ours.length > 1) notes.push(`${SEVERAL} ${hasBothNames(ours) ? IMPORT_WS : DEPEND_ON_IT}`);
  if (!replaced && copies.some(({ state }) => state === 'ws')) notes.push(REPLACEABLE);
  return notes;
}

const RANGED = 'Override "ws@^8" rather than "ws", so that programs of ws 7 keep it.';
const SEVERAL = 'There are several copies of ws-linger, each with classes of its own.';
const IMPORT_WS = "With an override, import from 'ws', and drop the dependency on 'ws-linger'.";
const DEPEND_ON_IT = 'A dependency of the project itself on "ws": "npm:ws-linger@^8" makes them one.';
const REPLACEABLE = 'An override of "ws@^8" puts ws-linger in the place of plain ws 8.';
