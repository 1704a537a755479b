/** Whether the environment has WS_LINGER=off. In cmd.exe, `set WS_LINGER=off && node …` leaves a blank behind it. */
export const isSwitchedOff = process.env.WS_LINGER?.trim() === 'off';
