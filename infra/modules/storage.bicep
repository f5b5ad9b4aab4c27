// The storage account: the app's tables and queues, the host's own blobs, the deployed package and lists of mailboxes.
param name string
param location string
param tags { *: string }

@description('The container of the deployed package.')
param deploymentContainer string

@description('The container of lists of mailboxes, for MAILBOXES_FILE.')
param listContainer string

@description('Copies of the data: in one place, in three zones, or in two regions.')
param redundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS'

@description('Whether only the virtual network reaches the account.')
param privateOnly bool

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  kind: 'StorageV2'
  sku: { name: redundancy }
  tags: tags
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateOnly ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: privateOnly ? 'Deny' : 'Allow', bypass: 'None' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: 7 }
      containerDeleteRetentionPolicy: { enabled: true, days: 7 }
    }
    resource packages 'containers' = {
      name: deploymentContainer
      properties: { publicAccess: 'None' }
    }
    resource lists 'containers' = {
      name: listContainer
      properties: { publicAccess: 'None' }
    }
  }
}
