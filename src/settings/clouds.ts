// Microsoft's clouds: which token services, Graphs and exchange audience belong together.

export interface Cloud {
  /** Origins of its token service. Microsoft's pages name the first one. */
  readonly authorities: readonly [string, ...string[]];
  /** Origins of its Graph. Each is the audience of its own tokens. */
  readonly graphs: readonly [string, ...string[]];
  /** The audience of a managed identity's token that an app registration accepts as proof. */
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

/** The cloud of a token service or of a Graph; undefined for any other origin, such as the sandbox. */
export function cloudOf(origin: string): Cloud | undefined {
  return CLOUDS.find(({ authorities, graphs }) => [...authorities, ...graphs].includes(origin));
}
