#Requires -Version 7.2
<#
.SYNOPSIS
Compares Exchange's own tests of a mailbox with a live request, and explains every difference.

.DESCRIPTION
Test-ServicePrincipalAuthorization checks RBAC and ignores grants in Entra. Test-ApplicationAccessPolicy checks policies and ignores RBAC.
Neither checks the token in use. With -MailscopeUrl the app itself asks Graph about each mailbox, and that result counts. Changes nothing.

Run Connect-MgGraph -Scopes 'Application.Read.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER Mailbox
Addresses of the mailboxes. For a live answer they must be in the list of Mailscope.

.PARAMETER MailscopeUrl
Address of the Mailscope app that runs as this identity.

.PARAMETER FunctionKey
A function key of that app, preferably as a SecureString.

.EXAMPLE
./Test-MailboxScope.ps1 -Identity mailscope -Mailbox support@contoso.example, ceo@contoso.example

.EXAMPLE
./Test-MailboxScope.ps1 -Identity mailscope -Mailbox ceo@contoso.example -MailscopeUrl https://mailscope.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)

.OUTPUTS
One object for each mailbox: Rbac, Policy, EntraRoles, Expected, Live and Explanation.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [Parameter(Mandatory)][ValidatePattern('^[^@\s,;]+@[^@\s,;]+(\s*[,;]\s*[^@\s,;]+@[^@\s,;]+)*$')][string[]]$Mailbox,
    # http only for this machine, because the request carries a key.
    [ValidatePattern('^(https://|http://(localhost|127\.0\.0\.1)([:/]|$))')][string]$MailscopeUrl,
    [object]$FunctionKey
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

# What RBAC alone grants: InScope, OutOfScope or NoRole.
function Get-RbacAnswer($Principal, [string]$Address) {
    if (-not $assignments) { return 'NoRole' }
    $roles = @(Test-ServicePrincipalAuthorization -Identity $Principal.Id -Resource $Address | Where-Object { $_.RoleName -match $ReadRbacRole })
    if (-not $roles) { return 'NoRole' }
    if ($roles | Where-Object { "$($_.InScope)" -eq 'True' }) { 'InScope' } else { 'OutOfScope' }
}

# What the policies say: Granted or Denied. Without a policy for the app the cmdlet says Granted.
function Get-PolicyAnswer($Principal, [string]$Address) { "$((Test-ApplicationAccessPolicy -Identity $Address -AppId $Principal.AppId).AccessCheckResult)" }

# What the app sees: Readable, Refused or Inconclusive, and the reason if it is inconclusive.
function Get-LiveAnswer([string]$Address) {
    $answer = Invoke-Mailscope $MailscopeUrl "mailboxes/$([uri]::EscapeDataString($Address))/latest-subject" $FunctionKey
    if ($answer.Status -eq 200 -or ($answer.Status -eq 403 -and $answer.Body.code -eq 'scope-breach')) { return 'Readable', $null }
    if ($answer.Status -eq 403 -and $answer.Body.code -eq 'mailbox-refused') { return 'Refused', $null }
    'Inconclusive', "status $($answer.Status) $($answer.Body.code) $($answer.Body.detail ? $answer.Body.detail : $answer.Problem)"
}

# Why the two test cmdlets, the grants and the live answer differ; empty when they agree.
function Get-Explanation([string]$Rbac, [string]$Policy, [string]$Expected, [string]$Live, [string]$Reason) {
    if ($roles -and -not $policies) { "deleted policy: no application access policy names $($principal.AppId), so $($roles -join ', ') reaches every mailbox" }
    if ($roles -and $Rbac -eq 'OutOfScope' -and $Policy -eq 'Granted') { "union of grants: the RBAC scope does not include this mailbox, but $($roles -join ', ') in Entra reaches it. Test-ServicePrincipalAuthorization ignores Entra" }
    if ($Rbac -eq 'InScope' -and $Policy -eq 'Denied') { 'union of grants: RBAC gives the app access, and Test-ApplicationAccessPolicy ignores RBAC. A policy limits only grants in Entra' }
    if (-not $roles -and $Policy -eq 'Granted' -and $Rbac -ne 'InScope') { 'Test-ApplicationAccessPolicy says Granted, but a policy grants nothing by itself, and no role in Entra reads mail' }
    if ($Live -eq 'Inconclusive') { "no live answer: $Reason" }
    if ($Live -eq 'Readable' -and $Expected -eq 'Refused') {
        if (-not $roles) { 'propagation: a token in use can hold a role for up to a day after it was removed, and RBAC changes take up to 2 hours' }
        else { 'propagation: a new policy or a change of its group can take more than an hour, although Test-ApplicationAccessPolicy already shows it' }
    }
    if ($Live -eq 'Refused' -and $Expected -eq 'Readable') {
        if ($Rbac -eq 'InScope') { 'propagation: an RBAC role takes 30 minutes, or up to 2 hours if the app keeps asking' }
        else { 'propagation: a new role can take up to a day to reach the token of a managed identity, and a change of the policy or its group more than an hour' }
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
Write-Host "object id $($principal.Id): the test of RBAC used this id; application id $($principal.AppId): the test of the policies used this id"
