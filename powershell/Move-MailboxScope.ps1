#Requires -Version 7.2
<#
.SYNOPSIS
Moves an identity from an application access policy to RBAC for Applications. At no time is every mailbox readable.

.DESCRIPTION
It has two phases. Run the same command for each:
  1. Sets up RBAC over the policy's group, then removes the read roles in Entra. The policy stays, because a token in use may still hold the role.
  2. Removes the policy when the latest run of Mailscope (-MailscopeUrl) shows no read role in its token. That can take a day.
RBAC counts only direct members. If the group contains groups, the script names them and stops before the first change, unless -AcceptLockout.

Run Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER GroupName
The mail-enabled security group of the policy. The management scope gets the same name.

.PARAMETER Permission
The permission of the RBAC role.

.PARAMETER MailscopeUrl
Address of the Mailscope app. Its latest run shows the roles in its token.

.PARAMETER FunctionKey
A function key of that app, preferably as a SecureString.

.PARAMETER AcceptLockout
Continues although members of nested groups or of another policy's group lose access. Removing the policy still needs the proof.

.PARAMETER Force
Phase 2: removes the policy without the proof. Wait a day after phase 1.

.EXAMPLE
./Move-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes
Phase 1.

.EXAMPLE
./Move-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes -MailscopeUrl https://mailscope.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)
Phase 2, a day later.

.OUTPUTS
One object: the phase (1, 2 or Done), nested groups, whether the policy is left, and what has changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern('^[\w][\w .-]{0,63}$')][string]$GroupName = 'mailscope-mailboxes',
    [ValidateSet('Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite')][string]$Permission = 'Mail.ReadBasic',
    # http only for this machine, because the request carries a key.
    [ValidatePattern('^(https://|http://(localhost|127\.0\.0\.1)([:/]|$))')][string]$MailscopeUrl,
    [object]$FunctionKey,
    [switch]$AcceptLockout,
    [switch]$Force
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

Assert-Connected
$principal = Find-Principal $Identity
$held = @(Get-HeldRole $principal (Get-GraphPrincipal))
$group = Get-ScopeGroup $GroupName
if (-not $group) { throw "There is no group $GroupName. Use the name of the policy's group, or make a scope with Set-MailboxScope.ps1 -Mechanism Rbac." }
$denies = @(Get-AppPolicy $principal | Where-Object { $_.AccessRight -eq 'DenyAccess' } | ForEach-Object { $_.ScopeName })
if ($denies) { throw "A DenyAccess policy over $($denies -join ', ') names this app. It does not limit RBAC, so RBAC would give access to members of $GroupName that it denies. Remove them from $GroupName, remove that policy with Remove-ApplicationAccessPolicy, then run this command again." }
$policies = @(Get-RestrictPolicy $principal)
$ofGroup = @($policies | Where-Object { Test-PolicyOfGroup $_ $group $GroupName })
$scoped = @(Get-RbacAssignment $principal)
foreach ($other in $policies | Where-Object { $_ -notin $ofGroup }) {
    if ($scoped | Where-Object { Test-AssignmentOfScope $_ $other.ScopeName }) { Write-Warning "Another policy names this app and stays: $($other.ScopeName) ($($other.Identity))."; continue }
    $text = "Another policy gives this app access to $($other.ScopeName) ($($other.Identity)). That access ends when the role in Entra is removed."
    if (-not $AcceptLockout) { throw "$text Make an RBAC scope first: Set-MailboxScope.ps1 -Mechanism Rbac -GroupName '$($other.ScopeName)'. Or add -AcceptLockout." }
    Write-Warning $text
}
$nested = @(Get-ScopeMember $group | Where-Object { Test-NestedGroup $_ } | ForEach-Object { Get-MemberName $_ })
if ($nested) {
    $text = "$GroupName contains groups, and RBAC ignores their members: $($nested -join ', ')."
    if (-not $AcceptLockout) { throw "$text Add their members to $GroupName itself and remove the groups, or add -AcceptLockout." }
    Write-Warning $text
}

$rank = [Math]::Max(1, [array]::IndexOf($ReadPermissions, $Permission))
$more = @($held | Where-Object { [array]::IndexOf($ReadPermissions, $_.Value) -gt $rank } | ForEach-Object { $_.Value })
if ($more) { Write-Warning "$($more -join ', ') is removed, and RBAC grants only $Permission, so the app can do less. Use -Permission to grant more." }

Set-RbacScope $PSCmdlet $principal $group $GroupName $Permission
Remove-ReadRole $PSCmdlet $principal $held
$next = $null
$phase = 'Done'
if ($Differences) {
    $phase = '1'
    $next = 'The policy stays until all tokens have lost the role. Run the same command again in a day, with -MailscopeUrl.'
} elseif ($ofGroup) {
    $phase = '2'
    $obstacle = Get-PolicyObstacle $principal
    if ($obstacle) {
        $next = "The policy stays: $obstacle."
        Write-Warning $next
    } else {
        foreach ($policy in $ofGroup) {
            Invoke-Change $PSCmdlet $principal.DisplayName "remove the policy over $GroupName (application id $($principal.AppId))" {
                Remove-ApplicationAccessPolicy -Identity $policy.Identity -Confirm:$false
            } | Out-Null
        }
    }
}

Write-Summary "$($principal.DisplayName): from policy to RBAC, phase $phase" @(
    "object id $($principal.Id): the role assignment uses this id"
    "application id $($principal.AppId): the policy uses this id"
    $next ?? 'Only RBAC gives access now. Check it with Test-MailboxScope.ps1.'
)
[pscustomobject]@{
    Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId; Group = $GroupName; Phase = $phase
    NestedGroups = $nested; PolicyLeft = [bool]($ofGroup -and ($phase -eq '1' -or $next -or $WhatIfPreference)); Next = $next; Changes = $Changes.ToArray()
}
