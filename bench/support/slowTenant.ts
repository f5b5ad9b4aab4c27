// Calls the sandbox tenant without the app.

/** A token for Graph, from the tenant's identity endpoint. */
export async function fetchToken(graph: string): Promise<string> {
  const url = `${graph}/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com`;
  const response = await fetch(url, { headers: { 'x-identity-header': 'sandbox' } });
  const { access_token } = (await response.json()) as { readonly access_token: string };
  return access_token;
}
