// How many random histories the models play: `npm run check` plays a tenth of what `npm test` plays.

export const HISTORIES = Number(process.env.HISTORIES ?? 200_000);
