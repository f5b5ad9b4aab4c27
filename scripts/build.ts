// `npm run build`: the bundles in dist/.
import { buildBundle } from './shared/buildBundle.ts';

await buildBundle();
