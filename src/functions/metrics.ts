// GET metrics
import * as routes from '../api/everyRoute.ts';
import { METRICS_TYPE } from '../api/route.ts';
import { answerOf, rawEndpointOfAll } from '../http/endpoint.ts';
import { openMetricsText } from '../http/openMetrics.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { chosenScopes } from '../http/scopeOfRequest.ts';
import { readMetrics } from '../reads/metrics.ts';
import type { Scopes } from '../services.ts';

registerRoute(
  rawEndpointOfAll(routes.metrics, async (scopes: Scopes, { scope }: { readonly scope: string | undefined }) => {
    const samples = await readMetrics(await chosenScopes(scopes, scope));
    return answerOf(openMetricsText(samples), `${METRICS_TYPE}; version=1.0.0; charset=utf-8`, { status: 200 });
  }),
);
