// The entry of the app's bundle: every function, on a Node that can run them.
import { refusalOf } from './oldNode.ts';
import { useProxy } from './settings/proxy.ts';

const refusal = refusalOf(process.versions.node);
// The host logs the stack, which has nothing to add.
if (refusal !== null) throw Object.assign(new Error(refusal), { stack: refusal });
useProxy();
await import('./functions/everyFunction.ts');
