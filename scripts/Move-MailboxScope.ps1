#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Applications, ExchangeOnlineManagement
<#
.SYNOPSIS
Moves an application from an application access policy to RBAC for Applications, without a moment in which everything can be read.

.DESCRIPTION
In two phases, with the same command:
1. RBAC is set up over the same group, then the read permissions in Entra are taken away. The policy stays: a token that was issued before
   may carry them for a day.
2. The policy goes, when a run of Mailscope shows that the token carries no read permission any more (-MailscopeUrl), or with -Force.

Groups inside the group count for a policy and not for RBAC: they are named, and nothing is changed unless -Force.
Sign in first: Connect-MgGraph -Scopes Application.Read.All,AppRoleAssignment.ReadWrite.All, and Connect-ExchangeOnline.

.PARAMETER Identity
The managed identity or app registration: object id of its service principal, application (client) id, or display name.

.PARAMETER MailscopeUrl
Where Mailscope runs, such as https://mailscope-contoso.azurewebsites.net.

.PARAMETER FunctionKey
A function key of that app, as a secure string or a string.

.PARAMETER Force
Go on in spite of nested groups; remove the policy without proof. While a token still carries a read permission, that opens every mailbox.

.EXAMPLE
./Move-MailboxScope.ps1 -Identity mailscope-contoso -GroupName mailscope-readable

.EXAMPLE
./Move-MailboxScope.ps1 -Identity mailscope-contoso -GroupName mailscope-readable -MailscopeUrl https://mailscope-contoso.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)

.OUTPUTS
One object: DisplayName, ObjectId, AppId, Group, NestedGroups, Phase (1: the policy is still there, 2: it is gone), Waiting, Changed.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern("^[\w .'-]{1,64}$")][string]$GroupName = 'mailscope-readable',
    [ValidateSet('Mail.ReadBasic', 'Mail.Read', 'Mail.ReadWrite')][string]$Permission = 'Mail.ReadBasic',
    [ValidatePattern('^https://|^http://(localhost|127\.0\.0\.1)[:/]')][string]$MailscopeUrl,
    [object]$FunctionKey,
    [switch]$Force
)
. $PSScriptRoot/MailboxScope.ps1

Assert-SignedIn -Graph -Exchange
$principal = Find-AppPrincipal $Identity
$group = Get-ScopeGroup $GroupName
if (-not $group) { throw "There is no group ""$GroupName"": -GroupName takes the one that the policy is about." }
$nested = @(Get-NestedGroup $GroupName)
if ($nested -and -not $Force) {
    throw "RBAC does not follow groups in groups: the members of $($nested -join ', ') would be lost. Add them to $GroupName themselves, or use -Force."
}

Set-RbacScope $principal $group $GroupName $Permission
Remove-EntraReadRole $principal

$policies = @(Get-RestrictPolicy $principal)
# Why the policy has to stay; empty when it may go.
[string]$waiting = if ($policies.Count -eq 0 -or $Force) { '' }
elseif (@(Get-EntraReadRole $principal).Count -gt 0) { 'a read permission in Entra is still there' }
elseif ($MailscopeUrl) { Get-ReadRoleDoubt $MailscopeUrl $FunctionKey }
else { 'whether a token still carries a read permission is not known: run this again with -MailscopeUrl' }
if (-not $waiting) {
    foreach ($policy in $policies) {
        Invoke-Change $principal.DisplayName "Remove the application access policy for the application id $($principal.AppId)" {
            Remove-ApplicationAccessPolicy -Identity $policy.Identity -Confirm:$false
        }
    }
}

[pscustomobject]@{
    DisplayName  = $principal.DisplayName
    ObjectId     = $principal.ObjectId
    AppId        = $principal.AppId
    Group        = $GroupName
    NestedGroups = $nested
    Phase        = if ($waiting) { 1 } else { 2 }
    Waiting      = $waiting
    Changed      = $Changes.Count -gt 0
}
Write-Summary $(if ($waiting) { "The policy stays: $waiting. The same command takes the next step." } else { 'The policy is gone; RBAC alone lets the application in.' })
