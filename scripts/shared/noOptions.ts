// Commands that take no options say so: an option that is ignored looks as if it had worked.
import { basename } from 'node:path';

/** Ends the process with exit code 2 when there are arguments. The message names the npm command after the script's file. */
export function takeNoOptions(): void {
  const [, script = '', unknown] = process.argv;
  if (unknown === undefined) return;
  console.error(`npm run ${basename(script, '.ts')} takes no options, so "${unknown}" is not understood.`);
  process.exit(2);
}
