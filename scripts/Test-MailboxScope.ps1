#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Applications, ExchangeOnlineManagement
<#
.SYNOPSIS
Says for each mailbox what Exchange's own test cmdlets say, what a live request says, and why they differ.

.DESCRIPTION
Test-ServicePrincipalAuthorization ignores permissions in Entra, Test-ApplicationAccessPolicy ignores RBAC, and neither knows how far a change
has travelled. Only a live request shows what can be read: Mailscope makes it, with the identity in question. Changes nothing.
Sign in first: Connect-MgGraph -Scopes Application.Read.All, and Connect-ExchangeOnline.

.PARAMETER Identity
The managed identity or app registration: object id of its service principal, application (client) id, or display name.

.PARAMETER MailscopeUrl
Where Mailscope runs; the mailboxes have to be listed there. Without it nothing is asked live.

.PARAMETER FunctionKey
A function key of that app, as a secure string or a string.

.EXAMPLE
./Test-MailboxScope.ps1 -Identity mailscope-contoso -Mailbox support@contoso.example,cch@contoso.example -MailscopeUrl https://mailscope-contoso.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)

.OUTPUTS
One object a mailbox: Mailbox, Rbac, Policy, EntraRoles, Expected, Live, Agrees, Explanation.
#>
# -WhatIf is taken as by the others; there is nothing here to ask about before.
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [Parameter(Mandatory)][ValidatePattern('^[^\s/,;]+$')][string[]]$Mailbox,
    [ValidatePattern('^https://|^http://(localhost|127\.0\.0\.1)[:/]')][string]$MailscopeUrl,
    [object]$FunctionKey
)
. $PSScriptRoot/MailboxScope.ps1

# readable, refused, or why neither is known.
function Get-LiveAnswer([string]$Name) {
    if (-not $MailscopeUrl) { return 'not asked' }
    $answer = Invoke-Mailscope $MailscopeUrl "mailboxes/$([uri]::EscapeDataString($Name))/latest-subject" $FunctionKey
    $code = $answer.Body.code
    if ($answer.Status -eq 200 -or $code -eq 'scope-breach') { return 'readable' }
    if ($code -eq 'mailbox-refused') { return 'refused' }
    "inconclusive ($($answer.Status) $code)".Replace(' )', ')')
}

# What the grants come to: they add up, and a policy restricts those of Entra alone.
function Get-Explanation([string]$Expected, [string]$Live, [string]$Rbac, [string]$Policy, [string[]]$Roles) {
    $union = if ($Rbac -eq 'in scope' -and $Policy -eq 'Denied') { 'The policy denies and RBAC lets in: grants add up.' }
    $open = if ($Roles -and $Policy -eq 'none') { "No policy restricts the application, and it holds $($Roles -join ', ') in Entra: every mailbox can be read. Was a policy deleted?" }
    $override = if ($Roles -and $Rbac -eq 'out of scope' -and $Expected -eq 'readable') { 'RBAC says out of scope, and a permission in Entra lets in all the same: grants add up.' }
    $difference = if ($Live -eq 'readable' -and $Expected -eq 'refused') {
        'It answers although nothing lets the application in any more: a change on its way (a policy or RBAC up to two hours, a permission in the token up to a day).'
    }
    elseif ($Live -eq 'refused' -and $Expected -eq 'readable') {
        'It is refused although it should answer: a change on its way (RBAC 30 minutes to two hours, a policy an hour or more, a new permission in the token up to a day).'
    }
    elseif ($Live -like 'inconclusive*') { 'The live request proves nothing; try again, and see docs/problems.md for its code.' }
    (@($open, $union, $override, $difference) | Where-Object { $_ }) -join ' '
}

Assert-SignedIn -Graph -Exchange
$principal = Find-AppPrincipal $Identity
$roles = @(Get-EntraReadRole $principal | ForEach-Object { $_.Value })
$policies = @(Get-RestrictPolicy $principal)
$isKnown = [bool](Find-Existing { Get-ServicePrincipal -Identity $principal.ObjectId })

$results = foreach ($name in $Mailbox) {
    $rows = @(if ($isKnown) { Test-ServicePrincipalAuthorization -Identity $principal.ObjectId -Resource $name })
    $grants = @($rows | Where-Object { "$($_.RoleName)" -match '^Application Mail\.Read' })
    $rbac = if ($grants.Count -eq 0) { 'none' } elseif ($grants | Where-Object { "$($_.InScope)" -eq 'True' }) { 'in scope' } else { 'out of scope' }
    $policy = if ($policies.Count -eq 0) { 'none' } else { "$((Test-ApplicationAccessPolicy -Identity $name -AppId $principal.AppId).AccessCheckResult)" }
    $expected = if ($rbac -eq 'in scope' -or ($roles -and $policy -ne 'Denied')) { 'readable' } else { 'refused' }
    $live = Get-LiveAnswer $name
    [pscustomobject]@{
        Mailbox     = $name
        Rbac        = $rbac
        Policy      = $policy
        EntraRoles  = $roles
        Expected    = $expected
        Live        = $live
        Agrees      = if ($live -in 'readable', 'refused') { $live -eq $expected } else { $null }
        Explanation = Get-Explanation $expected $live $rbac $policy $roles
    }
}
$results
Write-Host "$($principal.DisplayName): object id $($principal.ObjectId) for RBAC, application id $($principal.AppId) for policies"
foreach ($one in @($results)) {
    Write-Host "  $($one.Mailbox): RBAC $($one.Rbac), policy $($one.Policy), so $($one.Expected); live $($one.Live). $($one.Explanation)".TrimEnd()
}
