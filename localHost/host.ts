// The local host: runs the built app as Azure Functions does, without Core Tools.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readConnectionString } from '../src/settings/connectionString.ts';
import { parseSchedule } from '../src/settings/schedule.ts';
import type { AdminFunction } from './adminCalls.ts';
import { deadSetting, isDisabled } from './disabledFunctions.ts';
import type { Binding, RegisteredFunction } from './functionsCore.ts';
import { type FunctionsProcess, startFunctionsProcess } from './functionsProcess.ts';
import { type HostJson, type QueueSettings, readHostJson } from './hostJson.ts';
import { type Keys, makeKeys } from './hostKeys.ts';
import { createHttpServer, type HttpFunction } from './httpServer.ts';
import type { Metadata, TriggerData } from './processMessages.ts';
import { startQueueTrigger } from './queueTrigger.ts';
import { compileRoute, type Route } from './routes.ts';
import { startTimer, timerData } from './timerTrigger.ts';

export interface LocalHostOptions {
  /** The package's folder, with host.json. */
  readonly root: string;
  /** The bundle; by default dist/index.js of the package. */
  readonly entry?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** Require function, host and master keys, as in Azure. */
  readonly withKeys: boolean;
  readonly log: (line: string) => void;
  readonly deafMs?: number;
  /** The number of functions processes, 1 by default. The first runs the timers, all share queues and calls. */
  readonly instances?: number;
}

export interface LocalHost {
  readonly url: string;
  readonly keys: Keys | undefined;
  readonly functions: readonly RegisteredFunction[];
  /** The process ids, one for each instance. */
  pids(): readonly number[];
  close(): Promise<void>;
}

const DEAF_MS = 15_000;

/**
 * 1. Start the functions processes. The app registers its functions.
 * 2. Check every trigger. An unknown one is an error, because its function would never run.
 * 3. Take the port.
 * 4. Start the timers, and listen to the queues.
 */
export async function startLocalHost(options: LocalHostOptions): Promise<LocalHost> {
  const hostJson = readHostJson(options.root, options.env);
  const { instances = 1, log } = options;
  const starting = Array.from({ length: instances }, (_, index) =>
    startFunctionsProcess({
      entry: options.entry ?? join(options.root, 'dist/index.js'),
      env: options.env,
      root: options.root,
      log: instances === 1 ? log : (line) => log(`${index + 1} ${line}`),
      deafMs: options.deafMs ?? DEAF_MS,
      functionTimeoutMs: hostJson.functionTimeoutMs,
    }),
  );
  const apps = await Promise.all(starting);
  try {
    return await serve(options, hostJson, apps);
  } catch (error) {
    await Promise.all(apps.map((app) => app.close()));
    throw error;
  }
}

async function serve(
  options: LocalHostOptions,
  hostJson: HostJson,
  apps: readonly FunctionsProcess[],
): Promise<LocalHost> {
  const { env, log } = options;
  // There is at least one instance, and all instances load the same app.
  const [first] = apps as readonly [FunctionsProcess];
  const enabled = first.functions.filter(({ name }) => !isDisabled(name, env));
  const triggers = first.functions.map((registered) => toTrigger(registered, env));
  const keys = options.withKeys ? makeKeys(first.functions) : undefined;
  const timers = triggers.filter(({ binding }) => binding.type === 'timerTrigger');
  const queues = triggers.filter(({ binding }) => binding.type === 'queueTrigger');
  for (const dead of triggers.map(({ name }) => deadSetting(name, env)).filter((one) => one !== undefined))
    log(`The platform does not read ${dead}. Write ${dead.replaceAll('__', '.')} or ${dead.replaceAll('__', '_')}.`);
  let calls = 0;

  const run = async (name: string, data: TriggerData): Promise<void> => {
    try {
      await first.invoke(name, data);
    } catch (error) {
      // An error never stops a schedule.
      log(`[${name}] failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const scheduleOf = (binding: Binding) => resolveSetting(binding.schedule ?? '', env);

  const server = createHttpServer({
    routes: triggers.flatMap((trigger) => httpRoute(hostJson.routePrefix, trigger)),
    keys,
    invoke(name, http) {
      calls += 1;
      return (apps[calls % apps.length] ?? first).invoke(name, { http });
    },
    admin: {
      functions: triggers.map(toAdminFunction),
      // A disabled function runs too, as on the platform.
      runNow(name, input) {
        const timer = timers.find((one) => one.name === name);
        if (timer) void run(name, timerData(parseSchedule(scheduleOf(timer.binding)), new Date(), false));
        const queue = queues.find((one) => one.name === name);
        if (queue) void run(name, { string: input });
        return timer !== undefined || queue !== undefined;
      },
    },
    log,
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const stops = timers
    .filter(isEnabled)
    .map(({ name, binding }) => startTimer({ schedule: scheduleOf(binding), run: (data) => run(name, data) }));
  const listened = queues.filter(isEnabled);
  stops.push(...apps.flatMap((app) => listened.map((trigger) => listen(app, trigger, options, hostJson.queues))));
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    keys,
    functions: enabled,
    pids: () => apps.map(({ pid }) => pid()),
    async close() {
      for (const stop of stops) stop();
      server.closeAllConnections();
      server.close();
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}

function listen(
  app: FunctionsProcess,
  { name, binding }: Trigger,
  { env, log }: LocalHostOptions,
  settings: QueueSettings,
): () => void {
  const setting = binding.connection ?? 'AzureWebJobsStorage';
  const text = env[setting] ?? '';
  const read = readConnectionString(text);
  // What cannot be read goes to the library, whose words say why.
  const connection = 'value' in read ? read.value : text;
  if (connection === '') {
    log(`The function ${name} does not run. The local host needs a connection string in ${setting}.`);
    return () => undefined;
  }
  const options = {
    queueName: resolveSetting(binding.queueName ?? '', env),
    connection,
    settings,
    async run(data: TriggerData, metadata: Metadata) {
      await app.invoke(name, data, metadata);
    },
    log: (line: string) => log(`[${name}] ${line}`),
  };
  try {
    return startQueueTrigger(options);
  } catch (error) {
    // The app itself reports what is wrong with its settings. The host must go on.
    log(`The function ${name} does not run. ${setting} cannot be used (${(error as Error).message}).`);
    return () => undefined;
  }
}

interface Trigger {
  readonly name: string;
  readonly binding: Binding;
  readonly isDisabled: boolean;
}

function toTrigger({ name, bindings }: RegisteredFunction, env: NodeJS.ProcessEnv): Trigger {
  const trigger = Object.values(bindings).find(({ type }) => type.endsWith('Trigger'));
  if (trigger && ['httpTrigger', 'timerTrigger', 'queueTrigger'].includes(trigger.type))
    return { name, binding: trigger, isDisabled: isDisabled(name, env) };
  throw new Error(`The local host does not support the trigger of the function ${name}: ${trigger?.type ?? 'none'}.`);
}

function isEnabled({ isDisabled }: Trigger): boolean {
  return !isDisabled;
}

function toAdminFunction({ name, binding, isDisabled }: Trigger): AdminFunction {
  return { name, language: 'node', isDisabled, config: { name, bindings: [binding] } };
}

function httpRoute(prefix: string, { name, binding, isDisabled }: Trigger): Route<HttpFunction>[] {
  if (binding.type !== 'httpTrigger') return [];
  const template = [prefix, binding.route ?? name].join('/');
  const target = { name, authLevel: binding.authLevel ?? 'function', isDisabled };
  return [compileRoute(template, binding.methods ?? ['GET', 'POST'], target)];
}

/** The text, or the value of the application setting NAME if the text is `%NAME%`. */
function resolveSetting(text: string, env: NodeJS.ProcessEnv): string {
  const [, name] = /^%(.+)%$/.exec(text) ?? [];
  return name === undefined ? text : (env[name] ?? '');
}
