/** Decides whether the commands print in colour. */
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

export const NO_COLOR_OPTION = ['--no-color', 'print without colours, as with NO_COLOR in the environment'] as const;

/** Returns colours when `--no-color` is absent and stdout is a terminal that shows colours. */
export function colorsFor(color: boolean): Colors {
  return pc.createColors(color && pc.isColorSupported && process.stdout.isTTY === true);
}
