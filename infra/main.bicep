// Mailscope in one resource group: the app, its storage account, its identity, its logs, and rules that watch it.
targetScope = 'resourceGroup'

metadata description = 'Mailscope proves that an app identity can read exactly the mailboxes it should.'

// ---- The deployment -------------------------------------------------------------------------------------------------

@description('A short name that every resource carries: lower-case letters, digits and hyphens.')
@minLength(3)
@maxLength(11)
param name string = 'mailscope'

@description('The region of every resource. It must offer Flex Consumption.')
param location string = resourceGroup().location

@description('Tags of every resource.')
param tags { *: string } = {}

// ---- What is watched ------------------------------------------------------------------------------------------------

@description('Mailboxes that the app must be able to read: user principal names or object ids, separated by commas.')
param allowedMailboxes string = ''

@description('Mailboxes that the app must not be able to read, separated by commas.')
param deniedMailboxes string = ''

@description('A larger list. A blob in the container "lists" of the storage account is blob:lists/<name>.')
param mailboxesFile string = ''

@description('What mailboxes are asked for.')
param graphResource 'mail' | 'calendar' | 'contacts' | 'settings' = 'mail'

@description('Minutes between two runs. They start on the clock: with 15 at :00, :15, :30 and :45.')
param pollIntervalMinutes 5 | 10 | 15 | 20 | 30 | 60 | 120 | 180 | 360 | 720 = 15

@description('Another schedule: six-field NCRONTAB, in UTC. Then pollIntervalMinutes is the longest time between two runs.')
param pollSchedule string = ''

// ---- The identity ---------------------------------------------------------------------------------------------------

@description('Who asks Graph. A user-assigned identity can be shared with the app that is watched; the other kind cannot.')
param identityType 'UserAssigned' | 'SystemAssigned' = 'UserAssigned'

@description('Resource id of a user-assigned identity that exists, such as that of the watched app. Empty: a new one.')
param existingIdentityId string = ''

@description('Application id of an app registration that trusts the identity and asks Graph in its place. Empty: none.')
param federatedClientId string = ''

@description('Tenant of that app registration.')
param federatedTenantId string = tenant().tenantId

@description('The Graph of a national cloud. Empty: the public cloud.')
param graphEndpoint string = ''

@description('The token service of a national cloud, for an app registration. Empty: the public cloud.')
param authorityHost string = ''

// ---- Alerts of Mailscope itself -------------------------------------------------------------------------------------

@description('Where Mailscope sends alerts. Empty: nowhere. May be a Key Vault reference.')
@secure()
param alertWebhookUrl string = ''

@description('How an alert is written.')
param alertWebhookFormat 'cloudevents' | 'teams' | 'slack' = 'cloudevents'

@description('Signs alerts: whsec_ and base64. May be a Key Vault reference.')
@secure()
param alertWebhookSecret string = ''

@description('Called after every completed run. May be a Key Vault reference.')
@secure()
param heartbeatUrl string = ''

@description('Until this time only breaches are announced, such as 2026-12-24T18:00:00Z.')
param pauseAlertsUntil string = ''

// ---- Rules and tuning -----------------------------------------------------------------------------------------------

@description('Settings with a good default. The README says what each means.')
type tuningSettings = {
  PROPAGATION_MINUTES: int?
  LOCKOUT_AFTER_RUNS: int?
  UNVERIFIED_AFTER_RUNS: int?
  STORE_SUBJECTS: bool?
  RETENTION_MONTHS: int?
  SHARD_SIZE: int?
  POLL_CONCURRENCY: int?
  ALERT_REMINDER_HOURS: int?
}

@description('Settings with a good default that you change.')
param tuning tuningSettings = {}

@description('Further app settings by name, such as NODE_OPTIONS. Secrets, storage and the identity have parameters of their own.')
param moreSettings { *: string } = {}

@description('The name of the owner of the tables. Empty: the name of the app. Needed only to take over from another app.')
param owner string = ''

@description('The address of links in alerts, if it is not the app\'s own: https://mailscope.contoso.example.')
param publicUrl string = ''

// ---- The platform ---------------------------------------------------------------------------------------------------

@description('Memory of an instance. 512 is enough for a heap that NODE_OPTIONS limits.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('The most instances of each group of functions: HTTP, the timer, the shards, the alerts.')
@minValue(1)
@maxValue(4)
param maximumInstanceCount int = 2

@description('Keeps one instance warm, for the API or for the timer. It costs money around the clock.')
param alwaysReady 'none' | 'api' | 'timer' = 'none'

@description('Copies of the stored data.')
param storageRedundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' = 'Standard_LRS'

@description('Puts the app into a virtual network, and lets nothing outside it reach the storage account.')
param virtualNetwork bool = false

@description('Addresses of the virtual network, at least a /26.')
param virtualNetworkPrefix string = '10.20.0.0/24'

// ---- Sign-in --------------------------------------------------------------------------------------------------------

@description('Application id of the app registration with which people sign in. Empty: function keys in place of sign-in.')
param signInClientId string = ''

@description('Tenant of the people who sign in.')
param signInTenantId string = tenant().tenantId

// ---- Watching the watcher -------------------------------------------------------------------------------------------

@description('Rules over the app\'s log.')
param alertRules bool = true

@description('Mail addresses that the rules tell, separated by commas.')
param alertEmails string = ''

@description('Resource id of an action group that the rules tell too.')
param actionGroupId string = ''

@description('A test that calls health from outside every fifteen minutes.')
param availabilityTest bool = true

@description('From where it calls: ids of Azure Monitor\'s test locations.')
param availabilityTestLocations string[] = ['emea-nl-ams-azr', 'emea-gb-db3-azr']

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day at most.')
@minValue(1)
param logDailyCapGb int = 1

// ---- Names ----------------------------------------------------------------------------------------------------------

var suffix = take(uniqueString(resourceGroup().id, name), 8)
var deploymentContainer = 'packages'
var listContainer = 'lists'

// Every name is made here and handed down: a preview stops at a name that comes out of a module.
var names = {
  actionGroup: 'ag-${name}-${suffix}'
  app: 'func-${name}-${suffix}'
  identity: 'id-${name}-${suffix}'
  insights: 'appi-${name}-${suffix}'
  network: 'vnet-${name}-${suffix}'
  plan: 'plan-${name}-${suffix}'
  storage: 'st${replace(name, '-', '')}${suffix}'
  workspace: 'log-${name}-${suffix}'
}

var isUserAssigned = identityType == 'UserAssigned'
var isShared = isUserAssigned && !empty(existingIdentityId)
// The parts of /subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/N.
var sharedParts = split(
  isShared ? existingIdentityId : '//${subscription().subscriptionId}//${resourceGroup().name}////none',
  '/'
)

var watches = alertRules || availabilityTest
var emails = filter(map(split(alertEmails, ','), one => trim(one)), one => !empty(one))
var clockSchedule = pollIntervalMinutes < 60
  ? '0 */${pollIntervalMinutes} * * * *'
  : '0 0 */${pollIntervalMinutes / 60} * * *'

var settings = union(
  {
    ALLOWED_MAILBOXES: allowedMailboxes
    DENIED_MAILBOXES: deniedMailboxes
    MAILBOXES_FILE: mailboxesFile
    POLL_SCHEDULE: empty(pollSchedule) ? clockSchedule : pollSchedule
    GRAPH_ENDPOINT: graphEndpoint
    GRAPH_RESOURCE: graphResource
    GRAPH_IDENTITY: 'managed-identity'
    AZURE_AUTHORITY_HOST: authorityHost
    ALERT_WEBHOOK_FORMAT: alertWebhookFormat
    PAUSE_ALERTS_UNTIL: pauseAlertsUntil
    OWNER: owner
    PUBLIC_URL: publicUrl
  },
  mapValues(tuning, value => toLower(string(value))),
  moreSettings
)

// ---- Resources ------------------------------------------------------------------------------------------------------

resource newIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (isUserAssigned && !isShared) {
  name: names.identity
  location: location
  tags: tags
}

resource sharedIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = if (isShared) {
  scope: resourceGroup(sharedParts[2], sharedParts[4])
  name: sharedParts[8]
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: tags
    retentionInDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    name: names.storage
    location: location
    tags: tags
    deploymentContainer: deploymentContainer
    listContainer: listContainer
    redundancy: storageRedundancy
    privateOnly: virtualNetwork
  }
}

module network 'modules/network.bicep' = if (virtualNetwork) {
  params: {
    name: names.network
    location: location
    tags: tags
    storageName: names.storage
    addressPrefix: virtualNetworkPrefix
  }
  dependsOn: [storage]
}

module app 'modules/app.bicep' = {
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    userAssigned: isUserAssigned
    identity: {
      id: isShared ? sharedIdentity.id : newIdentity.id
      clientId: isShared ? sharedIdentity!.properties.clientId : isUserAssigned ? newIdentity!.properties.clientId : ''
    }
    storageName: names.storage
    deploymentContainer: deploymentContainer
    insightsName: names.insights
    settings: settings
    alertWebhookUrl: alertWebhookUrl
    alertWebhookSecret: alertWebhookSecret
    heartbeatUrl: heartbeatUrl
    federated: { clientId: federatedClientId, tenantId: federatedTenantId }
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady == 'none'
      ? []
      : [{ name: alwaysReady == 'api' ? 'http' : 'function:pollMailboxes', instanceCount: 1 }]
    subnetId: virtualNetwork ? network!.outputs.appSubnetId : ''
    signIn: { clientId: signInClientId, tenantId: signInTenantId }
  }
  dependsOn: [monitoring, storage]
}

module roles 'modules/roles.bicep' = {
  params: {
    principalName: isShared ? existingIdentityId : isUserAssigned ? names.identity : names.app
    principalId: isShared
      ? sharedIdentity!.properties.principalId
      : isUserAssigned ? newIdentity!.properties.principalId : app.outputs.ownPrincipalId
    storageName: names.storage
    insightsName: names.insights
  }
  dependsOn: [monitoring, storage]
}

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (watches) {
  name: names.actionGroup
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: name
    emailReceivers: [for (email, i) in emails: { name: 'email-${i}', emailAddress: email, useCommonAlertSchema: true }]
  }
}

module alerts 'modules/alerts.bicep' = if (alertRules) {
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    intervalMinutes: pollIntervalMinutes
    actionGroupId: actionGroup.id
    otherActionGroupId: actionGroupId
  }
}

module availability 'modules/availability.bicep' = if (availabilityTest) {
  params: {
    name: name
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
    hostName: app.outputs.hostName
    locations: availabilityTestLocations
    actionGroupId: actionGroup.id
    otherActionGroupId: actionGroupId
  }
}

// ---- Outputs --------------------------------------------------------------------------------------------------------

@description('The object id of the identity, which RBAC for Applications asks for.')
output identityObjectId string = isShared
  ? sharedIdentity!.properties.principalId
  : isUserAssigned ? newIdentity!.properties.principalId : app.outputs.ownPrincipalId

@description('The application (client) id of the identity, which an application access policy asks for.')
output identityApplicationId string = isShared
  ? sharedIdentity!.properties.clientId
  : isUserAssigned ? newIdentity!.properties.clientId : app.outputs.ownClientId

output identityName string = isShared ? sharedParts[8] : isUserAssigned ? names.identity : names.app
output appName string = names.app
output appUrl string = 'https://${app.outputs.hostName}'
output storageAccountName string = names.storage
output logWorkspaceName string = names.workspace
