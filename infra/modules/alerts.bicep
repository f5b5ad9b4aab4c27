// Rules that watch the watcher: each asks the app's log, and tells the action group.
param name string
param location string
param tags { *: string }
param workspaceId string

@description('Minutes between two runs.')
param intervalMinutes int

@description('Names of the scopes. A rule that can tell them apart alerts for each.')
param scopes string[]

@description('The action group that every rule tells.')
param actionGroupId string

@description('Another one; empty for none.')
param otherActionGroupId string

// A rule's window must be one of these durations. It is the first that holds three intervals.
var windows = [
  { minutes: 15, duration: 'PT15M' }
  { minutes: 30, duration: 'PT30M' }
  { minutes: 45, duration: 'PT45M' }
  { minutes: 60, duration: 'PT1H' }
  { minutes: 120, duration: 'PT2H' }
  { minutes: 180, duration: 'PT3H' }
  { minutes: 360, duration: 'PT6H' }
  { minutes: 1440, duration: 'P1D' }
  { minutes: 2880, duration: 'P2D' }
]
var silence = first(filter(windows, one => one.minutes >= 3 * intervalMinutes))!

type rule = {
  title: string
  @description('What the person who gets the alert reads first.')
  text: string
  severity: 0 | 1 | 2 | 3 | 4
  query: string
  @description('Whether each row has a scope, so that each scope has an alert of its own.')
  perScope: bool
  window: string
  frequency: string
}

// The app writes each line of its log as one JSON object with the name of an event.
// Lines of an earlier version have no scope.
var lines = 'AppTraces | where Message startswith \'{"event":\' | extend line = parse_json(Message) | extend scope = coalesce(tostring(line.scope), \'default\')'
// A scope without any row would have no alert, so the rule asks for each by its name.
var expected = 'datatable(scope: string) [${join(map(scopes, one => '\'${one}\''), ', ')}]'

var rules rule[] = [
  {
    title: 'no-completed-run'
    text: 'No run completed in three intervals. What Mailscope shows is old.'
    severity: 1
    query: '${lines} | where tostring(line.event) == \'run.completed\' | project scope | join kind=rightanti (${expected}) on scope | extend TimeGenerated = now()'
    perScope: true
    window: silence.duration
    // A long window need not be looked at often.
    frequency: silence.minutes > 360 ? 'PT1H' : 'PT5M'
  }
  {
    title: 'drift-opened'
    text: 'A mailbox differs from its declaration: a breach, a lockout, or no proof.'
    severity: 1
    query: '${lines} | where tostring(line.event) == \'drift.opened\' | project TimeGenerated, scope, mailbox = tostring(line.mailbox), kind = tostring(line.kind), runId = tostring(line.runId)'
    perScope: true
    window: 'PT15M'
    frequency: 'PT5M'
  }
  {
    title: 'run-incomplete'
    text: 'A run ended before all of its mailboxes were judged.'
    severity: 2
    query: '${lines} | where tostring(line.event) == \'run.closed\' and tostring(line.status) == \'incomplete\' | project TimeGenerated, scope, runId = tostring(line.runId)'
    perScope: true
    window: 'PT15M'
    frequency: 'PT5M'
  }
  {
    title: 'poison-message'
    text: 'The platform gave up on a shard or an alert after five tries.'
    severity: 2
    query: 'AppTraces | where Message has \'poll-shards-poison\' or Message has \'drift-alerts-poison\' | project TimeGenerated, Message'
    perScope: false
    window: 'PT15M'
    frequency: 'PT5M'
  }
  {
    title: 'exceptions'
    text: 'A function failed with an exception.'
    severity: 3
    query: 'AppExceptions | project TimeGenerated, OperationName, ExceptionType, OuterMessage'
    perScope: false
    window: 'PT15M'
    frequency: 'PT15M'
  }
]

resource queryRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for one in rules: {
    name: '${name}-${one.title}'
    location: location
    kind: 'LogAlert'
    tags: tags
    properties: {
      displayName: '${name}: ${one.title}'
      description: one.text
      enabled: true
      severity: one.severity
      scopes: [workspaceId]
      evaluationFrequency: one.frequency
      windowSize: one.window
      autoMitigate: true
      // A new workspace has no tables yet.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: one.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: one.perScope ? [{ name: 'scope', operator: 'Include', values: ['*'] }] : []
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: concat([actionGroupId], empty(otherActionGroupId) ? [] : [otherActionGroupId]) }
    }
  }
]
