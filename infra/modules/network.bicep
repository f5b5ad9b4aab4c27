// A virtual network in which the app reaches its storage account, and nobody outside it does.
param name string
param location string
param tags { *: string }
param storageName string

@description('At least a /26: half of it is for the app, a quarter for the private endpoints.')
param addressPrefix string

var services = ['blob', 'queue', 'table']
var subnets = {
  app: 'snet-app'
  storage: 'snet-storage'
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: subnets.app
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 27, 0)
          // Flex Consumption asks for this delegation, and for no underscore in the subnet's name.
          delegations: [{ name: 'app', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: subnets.storage
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 28, 2)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }

  resource app 'subnets' existing = { name: subnets.app }
  resource endpoints 'subnets' existing = { name: subnets.storage }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: {
    parent: zones[i]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: 'pe-${storageName}-${service}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::endpoints.id }
      privateLinkServiceConnections: [
        {
          name: service
          properties: { privateLinkServiceId: storage.id, groupIds: [service] }
        }
      ]
    }
  }
]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (service, i) in services: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: service, properties: { privateDnsZoneId: zones[i].id } }]
    }
  }
]

output appSubnetId string = network::app.id
