// The entry of `npm run sandbox`.
import { sandboxCommand } from '../sandbox/cli.ts';

process.exitCode = await sandboxCommand(process.argv.slice(2));
