# Errors with a name of their own, and what counts as "there is no such thing".

# An error that a caller can tell by its id: MailboxScope.TwoTenants for one. The message says what to do.
function New-ScopeError([string]$Id, [string]$Message) {
    [System.Management.Automation.ErrorRecord]::new(
        [System.InvalidOperationException]::new($Message), "MailboxScope.$Id",
        [System.Management.Automation.ErrorCategory]::InvalidOperation, $null)
}

# Whether an error says, in the service's own words, that the object asked for does not exist. A proxy's 404 does not, nor does a parameter that
# Exchange hides from a role: those are errors, because "I could not look" taken for "nothing is there" opens mailboxes.
function Test-Absence([System.Management.Automation.ErrorRecord]$Failure) {
    $exchange = 'ManagementObjectNotFoundException'
    if ($exchange -cin $Failure.CategoryInfo.Reason, $Failure.Exception.GetType().Name) { return $true }
    # Remote PowerShell: [Server=…] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1082ECE3,Microsoft.Exchange.…
    if ($exchange -cin ($Failure.FullyQualifiedErrorId -split '\W+')) { return $true }
    # REST: Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be …
    if ($Failure.Exception.Message -cmatch "^\s*Ex[0-9A-F]+\|Microsoft\.Exchange\.Configuration\.Tasks\.$exchange\|") { return $true }
    # Graph: Request_ResourceNotFound,Microsoft.Graph.PowerShell.Cmdlets.GetMgServicePrincipal_Get
    ($Failure.FullyQualifiedErrorId -split ',')[0] -ceq 'Request_ResourceNotFound'
}

# What a look at one object finds, or nothing where the service says that there is no such object. Only for a look by identity: what lists
# answers with an empty list, so each of its errors is one.
# It has no parameter with a name: that name would hide a variable of whoever wrote the block.
function Get-IfFound { try { & $args[0] } catch { if (-not (Test-Absence $_)) { throw } } }
