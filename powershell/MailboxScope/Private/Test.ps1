# The work of Test-MailboxScope.

# What holds for every mailbox: the identity, and what it was granted. Roles is nothing where Graph was not asked.
function Get-TestFact([string]$Identity, [string]$ObjectId, [string]$ApplicationId, [string]$Kind) {
    $session = Get-Session -Graph ($ObjectId ? 'Optional' : 'Needed') -Exchange Needed
    $principal = Get-Principal $session $Identity $ObjectId $ApplicationId
    $facts = [pscustomobject]@{
        Principal   = $principal
        Kind        = $Kind
        GraphKnown  = $session.Graph
        Roles       = @(if ($session.Graph) { Get-HeldRole $principal (Get-GraphPrincipal) | Where-Object { (Get-Kind $_.Value) -eq $Kind } | ForEach-Object { $_.Value } })
        Assignments = @(Get-RbacAssignment $principal (Get-ExchangePrincipal $principal))
        Policies    = @(Get-AppPolicy $principal)
    }
    Write-Information "object id $($principal.Id): asked of RBAC with this one; application id $($principal.AppId): asked of the policies with this one"
    $facts
}

# One mailbox. Without a source nobody is asked for a live answer.
function Get-MailboxTest($Facts, [string]$Address, $Source) {
    try {
        $rbac = Get-RbacAnswer $Facts $Address
        $policy = Get-PolicyAnswer $Facts $Address
    } catch {
        Write-Warning "${Address}: Exchange could not test it: $_"
        $rbac = $policy = 'Unknown'
    }
    $expected = Get-Expected $Facts $rbac $policy
    $live, $reason = $Source ? (Get-LiveAnswer $Source $Address) : ('NotAsked', $null)
    $explanation = @(Get-Explanation $Facts $rbac $policy $expected $live $reason)
    Write-Information "${Address}: RBAC $rbac, policy $policy, expected $expected, live $live"
    foreach ($sentence in $explanation) { Write-Information "  $sentence" }
    [pscustomobject]@{
        PSTypeName = 'MailboxScope.Test'
        Mailbox = $Address; Rbac = $rbac; Policy = $policy; EntraRoles = $Facts.Roles; Expected = $expected; Live = $live
        Agrees = $live -eq 'NotAsked' -or $live -eq $expected; Explanation = $explanation
    }
}

# InScope, OutOfScope or NoRole: what RBAC grants, apart from everything else.
function Get-RbacAnswer($Facts, [string]$Address) {
    if (-not $Facts.Assignments) { return 'NoRole' }
    Write-Verbose "Asking Exchange what RBAC says of $Address."
    $roles = @(Test-ServicePrincipalAuthorization -Identity $Facts.Principal.Id -Resource $Address | Where-Object { Test-ReadingRole $_.RoleName $Facts.Kind })
    if (-not $roles) { return 'NoRole' }
    if ($roles | Where-Object { "$($_.InScope)" -eq 'True' }) { 'InScope' } else { 'OutOfScope' }
}

# Granted or Denied. Without any policy for the app it says Granted.
function Get-PolicyAnswer($Facts, [string]$Address) {
    Write-Verbose "Asking Exchange what the policies say of $Address."
    "$((Test-ApplicationAccessPolicy -Identity $Address -AppId $Facts.Principal.AppId).AccessCheckResult)"
}

# Readable, Refused or Unknown, by what was granted.
function Get-Expected($Facts, [string]$Rbac, [string]$Policy) {
    if ($Rbac -eq 'InScope') { return 'Readable' }
    if ($Policy -eq 'Unknown') { return 'Unknown' }
    if ($Policy -ne 'Granted') { return 'Refused' }
    if (-not $Facts.GraphKnown) { return 'Unknown' }
    $Facts.Roles ? 'Readable' : 'Refused'
}

# Readable, Refused or Inconclusive, with the reason of the last.
function Get-LiveAnswer($Source, [string]$Address) {
    if ($Source.Problem) { return 'Inconclusive', $Source.Problem }
    Write-Verbose "Asking $($Source.Url) for a live answer about $Address."
    $path = "mailboxes/$([uri]::EscapeDataString($Address))"
    # There is no latest subject of other data than mail: the last run tells.
    $last = { Get-LastAnswer (Invoke-LiveSource $Source $path) ([datetimeoffset]::UtcNow) }
    if ($Source.Scope -and $Source.Kind -ne 'mail') { return & $last }
    $answer = Invoke-LiveSource $Source "$path/latest-subject"
    if (-not $Source.Scope) {
        # Without scopes, only this answer tells whether the app asks for mail.
        $asksForMail = $answer.Status -eq 200 -or $answer.Body.code -in 'scope-breach', 'mailbox-refused', 'mailbox-not-found', 'mailbox-not-listed'
        $asksForOther = $answer.Status -eq 404 -and $answer.Body.code -eq 'not-found'
        if ($Source.Kind -eq 'mail' ? $asksForOther : $asksForMail) { return 'Inconclusive', "Mailscope asks for $($asksForMail ? 'mail' : 'other data than mail'), and this is about $($Source.Kind)" }
        if ($asksForOther) { return & $last }
    }
    if ($answer.Status -eq 200 -or ($answer.Status -eq 403 -and $answer.Body.code -eq 'scope-breach')) { return 'Readable', $null }
    if ($answer.Status -eq 403 -and $answer.Body.code -eq 'mailbox-refused') { return 'Refused', $null }
    'Inconclusive', (Get-AnswerText $answer)
}

# The same from what the last run saw. An old answer is none.
function Get-LastAnswer($Answer, [datetimeoffset]$Now) {
    $seen = $Answer.Body
    if ($Answer.Status -ne 200) { return 'Inconclusive', (Get-AnswerText $Answer) }
    if (-not $seen.lastCheckedAt -or ($Now - [datetimeoffset]$seen.lastCheckedAt).TotalHours -gt 1) { return 'Inconclusive', 'no run has asked in the last hour: start one and try again' }
    if ($seen.lastOutcome -eq 'readable') { return 'Readable', $null }
    if ($seen.lastOutcome -eq 'refused') { return 'Refused', $null }
    'Inconclusive', "the last run got no answer that counts ($($seen.lastReason))"
}

# Why the two test cmdlets, the grants and the live answer do not say the same; empty when they do.
function Get-Explanation($Facts, [string]$Rbac, [string]$Policy, [string]$Expected, [string]$Live, [string]$Reason) {
    $roles = $Facts.Roles -join ', '
    if ($roles -and -not $Facts.Policies) { "deleted policy: no application access policy names $($Facts.Principal.AppId), so $roles reaches every mailbox" }
    if ($roles -and $Rbac -eq 'OutOfScope' -and $Policy -eq 'Granted') { "union of grants: RBAC leaves this mailbox out, but $roles in Entra reaches it, and Test-ServicePrincipalAuthorization ignores Entra" }
    if ($Rbac -eq 'InScope' -and $Policy -eq 'Denied') { 'union of grants: RBAC lets the app in, and Test-ApplicationAccessPolicy ignores RBAC; a policy holds back only grants in Entra' }
    if ($Facts.GraphKnown -and -not $roles -and $Policy -eq 'Granted' -and $Rbac -ne 'InScope') { "Test-ApplicationAccessPolicy says Granted, but a policy grants nothing by itself, and no role in Entra reads $($Facts.Kind)" }
    if (-not $Facts.GraphKnown -and $Expected -eq 'Unknown' -and $Policy -eq 'Granted') { 'Microsoft Graph is not connected, so nobody looked for a role in Entra that would reach this mailbox' }
    if ($Live -eq 'Inconclusive') { "no live answer: $Reason" }
    if ($Live -eq 'Readable' -and $Expected -eq 'Refused') {
        if (-not $roles) { 'propagation: a token in use can hold a role for up to a day after it was taken away, and RBAC changes take up to 2 hours' }
        else { 'propagation: a new policy or a change of its group can take more than an hour, though Test-ApplicationAccessPolicy shows it already' }
    }
    if ($Live -eq 'Refused' -and $Expected -eq 'Readable') {
        if ($Rbac -eq 'InScope') { 'propagation: an RBAC role takes 30 minutes, up to 2 hours for an app that keeps asking' }
        else { 'propagation: a new role shows in the token of a managed identity after up to a day, a change of the policy or its group after more than an hour' }
    }
}
