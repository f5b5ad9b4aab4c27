// GET openapi.json
import * as routes from '../api/everyRoute.ts';
import { documentAnswer } from '../http/documentAnswer.ts';
import { rawEndpointOfAll } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';

registerRoute(rawEndpointOfAll(routes.openApi, async (_scopes, _question: object, request) => documentAnswer(request)));
