import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

export const NO_COLOR_OPTION = ['--no-color', 'no colours; NO_COLOR in the environment does the same'] as const;

/** Colours where `--no-color` is not given and stdout is a terminal that has them. */
export function colorsFor(color: boolean): Colors {
  return pc.createColors(color && pc.isColorSupported && process.stdout.isTTY === true);
}
