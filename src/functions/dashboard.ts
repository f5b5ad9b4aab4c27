// GET dashboard: the page for people. It holds no data; its script asks the API as every caller does.
import { registerRoute } from '../http/registerRoute.ts';
import { staticFiles } from '../http/staticFiles.ts';

// In the bundle this is beside the file that it became.
const files = staticFiles(new URL('./dashboard/', import.meta.url));

registerRoute('dashboard', { route: 'dashboard/{file?}', method: 'GET', access: 'open' }, (request) =>
  files(request.params.file, request),
);
