#Requires -Version 7.2
<#
.SYNOPSIS
Sets what Exchange's own tests say of a mailbox beside what a live request says, and explains every difference.

.DESCRIPTION
Test-ServicePrincipalAuthorization knows RBAC and ignores grants in Entra; Test-ApplicationAccessPolicy knows policies and ignores RBAC.
Neither looks at the token in use. With -MailscopeUrl the app itself asks Graph for each mailbox: that is what holds. Changes nothing.

Run Connect-MgGraph -Scopes 'Application.Read.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER Mailbox
Addresses of the mailboxes; for a live answer Mailscope must list them.

.PARAMETER MailscopeUrl
Address of the Mailscope app that runs as this identity.

.PARAMETER FunctionKey
A function key of that app, best as a SecureString.

.EXAMPLE
./Test-MailboxScope.ps1 -Identity mailscope -Mailbox support@contoso.example, ceo@contoso.example

.EXAMPLE
./Test-MailboxScope.ps1 -Identity mailscope -Mailbox ceo@contoso.example -MailscopeUrl https://mailscope.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)

.OUTPUTS
One object a mailbox: Rbac, Policy, EntraRoles, Expected, Live and Explanation.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [Parameter(Mandatory)][ValidatePattern('^[^@\s,;]+@[^@\s,;]+(\s*[,;]\s*[^@\s,;]+@[^@\s,;]+)*$')][string[]]$Mailbox,
    # http only for this machine: a key travels with it.
    [ValidatePattern('^(https://|http://(localhost|127\.0\.0\.1)([:/]|$))')][string]$MailscopeUrl,
    [object]$FunctionKey
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

# InScope, OutOfScope or NoRole: what RBAC grants, apart from everything else.
function Get-RbacAnswer($Principal, [string]$Address) {
    if (-not $assignments) { return 'NoRole' }
    $roles = @(Test-ServicePrincipalAuthorization -Identity $Principal.Id -Resource $Address | Where-Object { $_.RoleName -match $ReadRbacRole })
    if (-not $roles) { return 'NoRole' }
    if ($roles | Where-Object { "$($_.InScope)" -eq 'True' }) { 'InScope' } else { 'OutOfScope' }
}

# Granted or Denied. Without any policy for the app it says Granted.
function Get-PolicyAnswer($Principal, [string]$Address) { "$((Test-ApplicationAccessPolicy -Identity $Address -AppId $Principal.AppId).AccessCheckResult)" }

# Readable, Refused or Inconclusive, with the reason of the last.
function Get-LiveAnswer([string]$Address) {
    $answer = Invoke-Mailscope $MailscopeUrl "mailboxes/$([uri]::EscapeDataString($Address))/latest-subject" $FunctionKey
    if ($answer.Status -eq 200 -or ($answer.Status -eq 403 -and $answer.Body.code -eq 'scope-breach')) { return 'Readable', $null }
    if ($answer.Status -eq 403 -and $answer.Body.code -eq 'mailbox-refused') { return 'Refused', $null }
    'Inconclusive', "status $($answer.Status) $($answer.Body.code) $($answer.Body.detail ? $answer.Body.detail : $answer.Problem)"
}

# Why the two test cmdlets, the grants and the live answer do not say the same; empty when they do.
function Get-Explanation([string]$Rbac, [string]$Policy, [string]$Expected, [string]$Live, [string]$Reason) {
    if ($roles -and -not $policies) { "deleted policy: no application access policy names $($principal.AppId), so $($roles -join ', ') reaches every mailbox" }
    if ($roles -and $Rbac -eq 'OutOfScope' -and $Policy -eq 'Granted') { "union of grants: RBAC leaves this mailbox out, but $($roles -join ', ') in Entra reaches it, and Test-ServicePrincipalAuthorization ignores Entra" }
    if ($Rbac -eq 'InScope' -and $Policy -eq 'Denied') { 'union of grants: RBAC lets the app in, and Test-ApplicationAccessPolicy ignores RBAC; a policy holds back only grants in Entra' }
    if (-not $roles -and $Policy -eq 'Granted' -and $Rbac -ne 'InScope') { 'Test-ApplicationAccessPolicy says Granted, but a policy grants nothing by itself, and no role in Entra reads mail' }
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

Assert-Connected
$principal = Find-Principal $Identity
$roles = @(Get-HeldRole $principal (Get-GraphPrincipal) | Where-Object { $_.Value -in $ReadPermissions } | ForEach-Object { $_.Value })
$assignments = @(Get-RbacAssignment $principal)
$policies = @(Get-AppPolicy $principal)

$lines = foreach ($address in Split-Address $Mailbox) {
    try {
        $rbac = Get-RbacAnswer $principal $address
        $policy = Get-PolicyAnswer $principal $address
    } catch {
        Write-Warning "${address}: Exchange could not test it: $_"
        $rbac = $policy = 'Unknown'
    }
    $expected = if ($rbac -eq 'InScope' -or ($roles -and $policy -eq 'Granted')) { 'Readable' } elseif ($policy -eq 'Unknown') { 'Unknown' } else { 'Refused' }
    $live, $reason = if ($MailscopeUrl) { Get-LiveAnswer $address } else { 'NotAsked', $null }
    $explanation = @(Get-Explanation $rbac $policy $expected $live $reason)
    [pscustomobject]@{
        Mailbox = $address; Rbac = $rbac; Policy = $policy; EntraRoles = $roles; Expected = $expected; Live = $live
        Agrees = $live -eq 'NotAsked' -or $live -eq $expected; Explanation = $explanation
    }
    Write-Host "${address}: RBAC $rbac, policy $policy, expected $expected, live $live"
    foreach ($sentence in $explanation) { Write-Host "  $sentence" }
}
$lines
Write-Host "object id $($principal.Id): asked of RBAC with this one; application id $($principal.AppId): asked of the policies with this one"
