// Commands that take no options say so: an option that is ignored looks as if it had worked.
import { basename } from 'node:path';

/** Ends the process when there are arguments: with exit code 0 for `--help`, or else 2. The message names the npm command after the script's file. */
export function takeNoOptions(): void {
  const [, script = '', unknown] = process.argv;
  if (unknown === undefined) return;
  const command = `npm run ${basename(script, '.ts')}`;
  if (unknown === '--help') {
    console.log(`${command} takes no options.`);
    process.exit(0);
  }
  console.error(`${command} takes no options, so "${unknown}" is not understood.`);
  process.exit(2);
}
