// The Function App on the plan Flex Consumption, with its settings and, if wanted, the platform's sign-in.
param name string
param planName string
param location string
param tags { *: string }

@description('Whether the app signs in as a user-assigned identity. If not, it has its own, system-assigned one.')
param userAssigned bool

@description('The user-assigned identity: its resource id, and its application (client) id.')
param identity { id: string, clientId: string }

@description('Further user-assigned identities: scopes name them by their client ids.')
param scopeIdentityIds string[]

param storageName string
param deploymentContainer string
param insightsName string

@description('Settings of the app. Empty ones are left out.')
param settings { *: string }

@secure()
param alertWebhookUrl string
@secure()
param alertWebhookSecret string
@secure()
param heartbeatUrl string

@description('Application id and tenant of a federated app registration that asks Graph; empty for the identity itself.')
param federated { clientId: string, tenantId: string }

param instanceMemoryMB 512 | 2048 | 4096
param maximumInstanceCount int
param alwaysReady { name: string, instanceCount: int }[]

@description('The subnet from which the app calls; empty for none.')
param subnetId string

@description('Application id and tenant of the app registration with which people sign in; empty for function keys.')
param signIn { clientId: string, tenantId: string }

var isFederated = !empty(federated.clientId)
var hasSignIn = !empty(signIn.clientId)
var suffix = environment().suffixes.storage

// The platform puts the token of this identity in the place of a client secret.
var signInSecretSetting = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'

// Without the empty ones: a preview then shows every setting, except what only Azure knows.
var given = toObject(filter(items(settings), one => !empty(one.value)), one => one.key, one => one.value)

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  tags: tags
  properties: { reserved: true }
}

var userAssignedIds = concat(userAssigned ? [identity.id] : [], scopeIdentityIds)

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  kind: 'functionapp,linux'
  tags: union(tags, { 'azd-service-name': 'mailscope' })
  identity: empty(userAssignedIds)
    ? { type: 'SystemAssigned' }
    : {
        type: userAssigned ? 'UserAssigned' : 'SystemAssigned, UserAssigned'
        userAssignedIdentities: toObject(userAssignedIds, id => id, id => {})
      }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    // Key Vault references are read as this identity.
    keyVaultReferenceIdentity: userAssigned ? identity.id : 'SystemAssigned'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // Flex Consumption refuses most of what other plans have here.
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${storageName}.blob.${suffix}/${deploymentContainer}'
          authentication: userAssigned
            ? { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
            : { type: 'SystemAssignedIdentity' }
        }
      }
      runtime: { name: 'node', version: '24' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(
      given,
      {
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__blobServiceUri: 'https://${storageName}.blob.${suffix}'
        AzureWebJobsStorage__queueServiceUri: 'https://${storageName}.queue.${suffix}'
        AzureWebJobsStorage__tableServiceUri: 'https://${storageName}.table.${suffix}'
        APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
        // The app takes an empty setting for one that is not set.
        ALERT_WEBHOOK_URL: alertWebhookUrl
        ALERT_WEBHOOK_SECRET: alertWebhookSecret
        HEARTBEAT_URL: heartbeatUrl
      },
      userAssigned
        ? {
            AzureWebJobsStorage__clientId: identity.clientId
            AZURE_CLIENT_ID: isFederated ? federated.clientId : identity.clientId
            APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.clientId};Authorization=AAD'
          }
        : { APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD' },
      isFederated
        ? {
            GRAPH_IDENTITY: 'federated'
            AZURE_TENANT_ID: federated.tenantId
            GRAPH_FEDERATION_CLIENT_ID: identity.clientId
          }
        : {},
      hasSignIn ? { API_AUTH: 'entra' } : {},
      hasSignIn && userAssigned ? { '${signInSecretSetting}': identity.clientId } : {}
    )
  }

  // Nobody can publish with a user name and a password.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource auth 'config' = if (hasSignIn) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true, runtimeVersion: '~1' }
      // health must answer anybody, and a site has one rule for all routes. So the app itself answers 401.
      globalValidation: { requireAuthentication: false, unauthenticatedClientAction: 'AllowAnonymous' }
      httpSettings: { requireHttps: true, forwardProxy: { convention: 'NoProxy' } }
      login: { tokenStore: { enabled: false }, preserveUrlFragmentsForLogins: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: union(
            {
              clientId: signIn.clientId
              openIdIssuer: uri(environment().authentication.loginEndpoint, '${signIn.tenantId}/v2.0')
            },
            userAssigned ? { clientSecretSettingName: signInSecretSetting } : {}
          )
          // No list of client apps: app roles decide who may call, pipelines and other managed identities included.
          validation: { allowedAudiences: [signIn.clientId, 'api://${signIn.clientId}'] }
        }
      }
    }
  }
}

// The application id of a system-assigned identity is here alone.
resource ownIdentity 'Microsoft.ManagedIdentity/identities@2024-11-30' existing = {
  scope: app
  name: 'default'
}

output ownPrincipalId string = userAssigned ? '' : ownIdentity!.properties.principalId
output ownClientId string = userAssigned ? '' : ownIdentity!.properties.clientId
output hostName string = app.properties.defaultHostName
