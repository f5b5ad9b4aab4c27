#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Applications, ExchangeOnlineManagement
<#
.SYNOPSIS
Takes away what the other scripts made, in the order that never opens anything.

.DESCRIPTION
1. The read permissions in Entra, and the role assignments in Exchange: from here on less can be read.
2. The management scope and the application's service principal in Exchange.
3. The application access policy, but only when a run of Mailscope shows that the token carries no read permission any more
   (-MailscopeUrl), or with -Force: a token that was issued before may carry one for a day, and without the policy it opens every mailbox.
   The same command again takes this step.
4. With -RemoveGroup the group, when no policy needs it any more.

Sign in first: Connect-MgGraph -Scopes Application.Read.All,AppRoleAssignment.ReadWrite.All, and Connect-ExchangeOnline.

.PARAMETER Identity
The managed identity or app registration: object id of its service principal, application (client) id, or display name.

.PARAMETER MailscopeUrl
Where Mailscope runs, such as https://mailscope-contoso.azurewebsites.net.

.PARAMETER FunctionKey
A function key of that app, as a secure string or a string.

.PARAMETER Force
Remove the policy without proof.

.EXAMPLE
./Remove-MailboxScope.ps1 -Identity mailscope-contoso -GroupName mailscope-readable -WhatIf

.EXAMPLE
./Remove-MailboxScope.ps1 -Identity mailscope-contoso -GroupName mailscope-readable -RemoveGroup -Force

.OUTPUTS
One object: DisplayName, ObjectId, AppId, Group, Waiting, Changed.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern("^[\w .'-]{1,64}$")][string]$GroupName = 'mailscope-readable',
    [ValidatePattern('^https://|^http://(localhost|127\.0\.0\.1)[:/]')][string]$MailscopeUrl,
    [object]$FunctionKey,
    [switch]$RemoveGroup,
    [switch]$Force
)
. $PSScriptRoot/MailboxScope.ps1

Assert-SignedIn -Graph -Exchange
$principal = Find-AppPrincipal $Identity

Remove-EntraReadRole $principal
foreach ($assignment in @(Get-RbacAssignment $principal)) {
    Invoke-Change $principal.DisplayName "Take away $($assignment.Role) in Exchange" {
        Remove-ManagementRoleAssignment -Identity $assignment.Identity -Confirm:$false
    }
}
if (Find-Existing { Get-ManagementScope -Identity $GroupName }) {
    Invoke-Change $GroupName 'Remove the management scope' { Remove-ManagementScope -Identity $GroupName -Confirm:$false }
}
if (Find-Existing { Get-ServicePrincipal -Identity $principal.ObjectId }) {
    Invoke-Change $principal.DisplayName 'Make the application unknown to Exchange' { Remove-ServicePrincipal -Identity $principal.ObjectId -Confirm:$false }
}

$policies = @(Get-RestrictPolicy $principal)
# Why the policy has to stay; empty when it may go.
[string]$waiting = if ($policies.Count -eq 0 -or $Force) { '' }
elseif (@(Get-EntraReadRole $principal).Count -gt 0) { 'a read permission in Entra is still there' }
elseif ($MailscopeUrl) { Get-ReadRoleDoubt $MailscopeUrl $FunctionKey }
else { 'whether a token still carries a read permission is not known: run this again in a day with -MailscopeUrl, or with -Force' }
if (-not $waiting) {
    foreach ($policy in $policies) {
        Invoke-Change $principal.DisplayName "Remove the application access policy for the application id $($principal.AppId)" {
            Remove-ApplicationAccessPolicy -Identity $policy.Identity -Confirm:$false
        }
    }
    if ($RemoveGroup -and (Get-ScopeGroup $GroupName)) {
        Invoke-Change $GroupName 'Remove the group' { Remove-DistributionGroup -Identity $GroupName -Confirm:$false }
    }
}

[pscustomobject]@{
    DisplayName = $principal.DisplayName
    ObjectId    = $principal.ObjectId
    AppId       = $principal.AppId
    Group       = $GroupName
    Waiting     = $waiting
    Changed     = $Changes.Count -gt 0
}
Write-Summary $(if ($waiting) { "The policy stays: $waiting." } else { 'Nothing that these scripts make is left, but for what -RemoveGroup would remove.' })
