// A stand-in for `@azure/functions-core`, the module that connects the Functions host and the app.
import { registerHooks } from 'node:module';

/** A binding as `@azure/functions` registers it. */
export interface Binding {
  readonly type: string;
  readonly direction: string;
  readonly methods?: readonly string[];
  readonly authLevel?: string;
  readonly route?: string;
  readonly schedule?: string;
  readonly runOnStartup?: boolean;
  readonly useMonitor?: boolean;
  readonly queueName?: string;
  readonly connection?: string;
}

export interface RegisteredFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
}

/** What the app's programming model offers the host; see `InvocationModel` in the package's source. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<{ readonly returnValue?: HttpOutput | null }>;
}

/** The answer of an HTTP function, in the host's protocol. */
export interface HttpOutput {
  readonly http?: {
    readonly statusCode?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly cookies?: readonly unknown[];
    readonly body?: { readonly bytes?: Uint8Array; readonly string?: string };
  } | null;
}

interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
}

/** The functions that an app has registered, and the model that invokes them. */
export interface FunctionsCore {
  readonly functions: Map<string, RegisteredFunction & { readonly callback: unknown }>;
  model(): ProgrammingModel;
}

const NAME = '@azure/functions-core';
const HOOKS = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'];

/**
 * Installs the stand-in. Call it before the first `app.*` call: `@azure/functions` looks for its host only once.
 */
export function installFunctionsCore(): FunctionsCore {
  const functions: FunctionsCore['functions'] = new Map();
  let programmingModel: ProgrammingModel | undefined;
  const api = {
    version: '1.0.0',
    hostVersion: '4.1050.0',
    registerFunction(metadata: RegisteredFunction, callback: unknown) {
      functions.set(metadata.name, { name: metadata.name, bindings: metadata.bindings, callback });
      return new Disposable();
    },
    registerHook(name: string) {
      if (HOOKS.includes(name)) return new Disposable();
      throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), { isAzureFunctionsSystemError: true });
    },
    setProgrammingModel(model: ProgrammingModel) {
      programmingModel = model;
    },
    getProgrammingModel: () => programmingModel,
    log: (_level: string, category: string, message: string) => console.error(`${category}: ${message}`),
    Disposable,
  };
  provideModule(api);
  return {
    functions,
    model() {
      if (programmingModel) return programmingModel;
      throw new Error(`the app did not load ${NAME}: it registers no function, or its bundle holds a copy`);
    },
  };
}

class Disposable {
  dispose(): void {
    // Functions stay registered until their process ends.
  }
}

function provideModule(api: object): void {
  const key = Symbol.for('mailscope.functionsCore');
  Object.assign(globalThis, { [key]: api });
  const url = 'mailscope:functions-core';
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === NAME ? { url, format: 'commonjs', shortCircuit: true } : next(specifier, context),
    load: (address, context, next) =>
      address === url
        ? {
            format: 'commonjs',
            source: `module.exports = globalThis[Symbol.for('${key.description}')];`,
            shortCircuit: true,
          }
        : next(address, context),
  });
}
