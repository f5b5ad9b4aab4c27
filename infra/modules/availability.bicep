// A standard test that calls health from outside: it notices when the app is gone, and it lets a stopped app start a run.
param name string
param location string
param tags { *: string }
param insightsId string

@description('The app\'s host name.')
param hostName string

@description('From where the test calls.')
param locations string[]

@description('The action group that the rule tells.')
param actionGroupId string

@description('Another one; empty for none.')
param otherActionGroupId string

resource test 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${name}-health'
  location: location
  kind: 'standard'
  // Application Insights finds its tests by this tag.
  tags: union(tags, { 'hidden-link:${insightsId}': 'Resource' })
  properties: {
    SyntheticMonitorId: '${name}-health'
    Name: '${name}: health'
    Description: 'GET /api/health answers 200 while Mailscope does its work.'
    Enabled: true
    Kind: 'standard'
    Frequency: 900
    Timeout: 60
    RetryEnabled: true
    Locations: [for one in locations: { Id: one }]
    Request: { RequestUrl: 'https://${hostName}/api/health', HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 7 }
  }
}

resource rule 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${name}-health'
  location: 'global'
  tags: union(tags, { 'hidden-link:${insightsId}': 'Resource', 'hidden-link:${test.id}': 'Resource' })
  properties: {
    description: 'health answered no 200: the app is down, or it says what is wrong.'
    enabled: true
    severity: 1
    scopes: [test.id, insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: insightsId
      failedLocationCount: length(locations)
    }
    actions: concat(
      [{ actionGroupId: actionGroupId }],
      empty(otherActionGroupId) ? [] : [{ actionGroupId: otherActionGroupId }]
    )
  }
}
