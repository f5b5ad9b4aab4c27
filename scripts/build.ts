// `npm run build`: builds the bundles in dist/.
import { buildBundle } from './shared/buildBundle.ts';
import { takeNoOptions } from './shared/noOptions.ts';

takeNoOptions();
await buildBundle();
