// The process that runs the functions: loads the unmodified bundle, and invokes functions for the host.
import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { installFunctionsCore } from './functionsCore.ts';
import type { FromFunctions, ToFunctions } from './processMessages.ts';

const core = installFunctionsCore();
const [entry = ''] = process.argv.slice(2);

process.on('message', (message: ToFunctions) => {
  if (message.type === 'ping') say({ type: 'pong' });
  else void invoke(message);
});

try {
  await import(pathToFileURL(entry).href);
  // Signals end this process, and then there is no time to write the cache.
  flushCompileCache();
  say({ type: 'ready', functions: [...core.functions.values()].map(({ name, bindings }) => ({ name, bindings })) });
} catch (error) {
  say({ type: 'failed', message: stackOf(error) });
}

async function invoke({
  id,
  name,
  data,
  metadata: triggerMetadata,
}: Extract<ToFunctions, { type: 'invoke' }>): Promise<void> {
  try {
    const metadata = core.functions.get(name);
    if (!metadata) throw new Error(`the app has no function ${name}`);
    const [input] = Object.entries(metadata.bindings).find(([, binding]) => binding.type.endsWith('Trigger')) ?? [];
    const model = core.model().getInvocationModel({
      invocationId: id,
      metadata,
      request: { inputData: [{ name: input, data }], triggerMetadata, retryContext: null, traceContext: null },
      state: undefined,
      log: (level: string, _category: string, message: string) => say({ type: 'log', name, level, message }),
    });
    const { context, inputs } = await model.getArguments();
    const result = await model.invokeFunction(context, inputs, metadata.callback);
    const { returnValue } = await model.getResponse(context, result);
    say({ type: 'done', id, output: returnValue ?? null });
  } catch (error) {
    say({ type: 'threw', id, message: stackOf(error) });
  }
}

function say(message: FromFunctions): void {
  process.send?.(message);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
