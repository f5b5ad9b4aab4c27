// `npm run build`: builds the bundles in dist/.
import { buildBundle } from './shared/buildBundle.ts';

await buildBundle();
