// The other side of a comparison, in its own process, so that its memory and processor time can be measured.
// It asks about every mailbox, writes nothing, and prints its cost as JSON.
import { createServices } from '../../src/services.ts';

/** The cost of a side: milliseconds of the clock and of the processors, and the peak of resident memory. */
export interface SideMeasured {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

const SIDES: Readonly<Record<string, () => Promise<void>>> = { 'all-at-once': askAllAtOnce, batches: askInBatches };
const services = createServices(process.env, () => undefined);

const [, , name = ''] = process.argv;
const plan = await services.list();
await services.graph().token(20_000);
const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
await SIDES[name]?.();
const { user, system } = process.cpuUsage(cpuBefore);
const measured: SideMeasured = {
  ms: performance.now() - startedAt,
  cpuMs: (user + system) / 1000,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(measured));

/** Asks as the shortest script does: one request for each mailbox, all at once. */
async function askAllAtOnce(): Promise<void> {
  const token = await services.graph().token(20_000);
  const headers = { authorization: `Bearer ${token.value}` };
  const mailboxes = plan.shards.flatMap((shard) => [...shard.expectations().keys()]);
  await Promise.all(
    mailboxes.map(async (mailbox) => {
      const url = `${services.settings().graphEndpoint}/v1.0/users/${mailbox}/mailFolders/inbox/messages?$top=1&$select=id`;
      const response = await fetch(url, { headers });
      await response.json();
    }),
  );
}

/** Asks as a run does, but writes nothing. */
async function askInBatches(): Promise<void> {
  const { ask, listedPortions } = await import('../../src/ask/ask.ts');
  const { verdicts } = await ask(services, await listedPortions(services));
  if (verdicts.compliant !== plan.mailboxes) throw new Error(JSON.stringify(verdicts));
}
