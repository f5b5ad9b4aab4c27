// GET dashboard: the page for people. It holds no data; its script asks the API as every caller does.
import { registerFiles } from '../http/registerRoute.ts';
import { staticFiles } from '../http/staticFiles.ts';

// In the bundle this folder is beside the file that this one becomes a part of.
const files = staticFiles(new URL('./dashboard/', import.meta.url));

registerFiles('dashboard', 'dashboard/{file?}', (request) => files(request.params.file, request));
