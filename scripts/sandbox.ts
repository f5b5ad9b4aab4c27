// The entry of `npm run sandbox`.
import { sandboxCommand } from '../sandbox/sandboxCommand.ts';

process.exitCode = await sandboxCommand(process.argv.slice(2));
