// Microsoft's clouds: the token services, the Graphs and the audience of a token exchange that belong together.

export interface Cloud {
  /** Origins of its token service; the first is the one that Microsoft's pages name. */
  readonly authorities: readonly [string, ...string[]];
  /** Origins of its Graph. Each is the audience of its own tokens. */
  readonly graphs: readonly [string, ...string[]];
  /** What a managed identity's token is for when an app registration is to take it as proof. */
  readonly exchangeAudience: string;
}

export const PUBLIC_CLOUD: Cloud = {
  authorities: ['https://login.microsoftonline.com'],
  graphs: ['https://graph.microsoft.com'],
  exchangeAudience: 'api://AzureADTokenExchange',
};

// "Microsoft Graph national cloud deployments" and "Configure an application to trust a managed identity".
const CLOUDS: readonly Cloud[] = [
  PUBLIC_CLOUD,
  {
    authorities: ['https://login.microsoftonline.us'],
    graphs: ['https://graph.microsoft.us', 'https://dod-graph.microsoft.us'],
    exchangeAudience: 'api://AzureADTokenExchangeUSGov',
  },
  {
    authorities: ['https://login.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn'],
    graphs: ['https://microsoftgraph.chinacloudapi.cn'],
    exchangeAudience: 'api://AzureADTokenExchangeChina',
  },
];

/** The cloud of a token service or of a Graph; undefined for an origin that is none of Microsoft's, such as the sandbox's. */
export function cloudOf(origin: string): Cloud | undefined {
  return CLOUDS.find(({ authorities, graphs }) => [...authorities, ...graphs].includes(origin));
}
