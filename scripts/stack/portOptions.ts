// The options of commands that run beside `npm start`: on which ports its parts are.
import { parseArgs } from 'node:util';
import { portOf } from '../shared/ports.ts';
import {
  emulatorSettings,
  environmentOver,
  readLocalSettings,
  receiverSettings,
  sandboxSettings,
  usesSandbox,
} from './localSettings.ts';

/** What stands after the options, unchecked; undefined for one that is not given. */
export interface PortOptions {
  readonly sandbox: string | undefined;
  readonly storage: string | undefined;
}

export const PORT_OPTIONS_USAGE = `Beside npm start on other ports:

  --sandbox-port 7075   the sandbox tenant
  --storage-port 10000  the storage emulator
`;

const OPTIONS = { 'sandbox-port': { type: 'string' }, 'storage-port': { type: 'string' } } as const;

/** Takes these options out of a command line; the rest belongs to the command. */
export function takePortOptions(args: readonly string[]): {
  readonly ports: PortOptions;
  readonly rest: readonly string[];
} {
  const { values, tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  const taken = tokens.flatMap((token) => {
    if (token.kind !== 'option' || !(token.name in OPTIONS)) return [];
    return token.inlineValue === false ? [token.index, token.index + 1] : [token.index];
  });
  return {
    ports: { sandbox: textOf(values['sandbox-port']), storage: textOf(values['storage-port']) },
    rest: args.filter((_, index) => !taken.includes(index)),
  };
}

/** Without a value, parseArgs answers true. */
function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'boolean' ? '' : value;
}

/**
 * The settings of a command that runs beside `npm start`: the options win over the environment, the environment over the
 * file. Alerts go to the sandbox's receiver where the sandbox is asked and no other receiver is set.
 *
 * Throws an Error that says what is wrong with the file, and OptionError.
 */
export function settingsBeside(
  root: string,
  environment: NodeJS.ProcessEnv,
  { sandbox, storage }: PortOptions,
): NodeJS.ProcessEnv {
  const settings = {
    ...environmentOver(readLocalSettings(root), environment),
    ...(sandbox === undefined ? {} : sandboxSettings({ sandbox: portOf('--sandbox-port', sandbox) })),
    ...(storage === undefined ? {} : emulatorSettings({ storage: portOf('--storage-port', storage) })),
  };
  return { ...receiverSettings(usesSandbox(settings) ? settings.GRAPH_ENDPOINT : undefined), ...settings };
}
