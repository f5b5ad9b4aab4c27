#Requires -Version 7.2
<#
.SYNOPSIS
Moves an identity from an application access policy to RBAC for Applications, with no moment in which every mailbox is readable.

.DESCRIPTION
Two phases; the same command takes the next one:
  1. RBAC is set up over the policy's group, then the read roles in Entra are taken away. The policy stays: a token in use may still hold the role.
  2. The policy goes, once the latest run of Mailscope (-MailscopeUrl) shows no read role in its token any more. That may take a day.
RBAC counts direct members only: groups inside the group are named, and stop the move before its first change unless -AcceptLockout.

Run Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER GroupName
The mail-enabled security group of the policy; the management scope gets the same name.

.PARAMETER Permission
What the RBAC role allows.

.PARAMETER MailscopeUrl
Address of the Mailscope app, whose latest run tells what its token holds.

.PARAMETER FunctionKey
A function key of that app, best as a SecureString.

.PARAMETER AcceptLockout
Goes on although members of nested groups or of another policy's group are locked out. The policy goes with proof all the same.

.PARAMETER Force
Phase 2: removes the policy without proof. Wait a day before that.

.EXAMPLE
./Move-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes
Phase 1.

.EXAMPLE
./Move-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes -MailscopeUrl https://mailscope.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)
Phase 2, the next day.

.OUTPUTS
One object: Phase 1, 2 or Done, nested groups, whether the policy is still there, and what was changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern('^[\w][\w .-]{0,63}$')][string]$GroupName = 'mailscope-mailboxes',
    [ValidateSet('Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite')][string]$Permission = 'Mail.ReadBasic',
    # http only for this machine: a key travels with it.
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
if (-not $group) { throw "There is no group $GroupName. Give the name of the policy's group, or make a scope with Set-MailboxScope.ps1 -Mechanism Rbac." }
$denies = @(Get-AppPolicy $principal | Where-Object { $_.AccessRight -eq 'DenyAccess' } | ForEach-Object { $_.ScopeName })
if ($denies) { throw "A DenyAccess policy over $($denies -join ', ') names this app. It does not hold RBAC back, so members of $GroupName that it denies would be let in: take them out of $GroupName, remove that policy with Remove-ApplicationAccessPolicy, then run this again." }
$policies = @(Get-RestrictPolicy $principal)
$ofGroup = @($policies | Where-Object { Test-PolicyOfGroup $_ $group $GroupName })
$scoped = @(Get-RbacAssignment $principal)
foreach ($other in $policies | Where-Object { $_ -notin $ofGroup }) {
    if ($scoped | Where-Object { Test-AssignmentOfScope $_ $other.ScopeName }) { Write-Warning "Another policy names this app and stays: $($other.ScopeName) ($($other.Identity))."; continue }
    $text = "Another policy lets this app into $($other.ScopeName) ($($other.Identity)), by the role in Entra that goes now."
    if (-not $AcceptLockout) { throw "$text Give it a scope first: Set-MailboxScope.ps1 -Mechanism Rbac -GroupName '$($other.ScopeName)'. Or add -AcceptLockout." }
    Write-Warning $text
}
$nested = @(Get-ScopeMember $group | Where-Object { Test-NestedGroup $_ } | ForEach-Object { Get-MemberName $_ })
if ($nested) {
    $text = "$GroupName contains groups, whose members RBAC does not count: $($nested -join ', ')."
    if (-not $AcceptLockout) { throw "$text Add their members to $GroupName itself and take the groups out, or add -AcceptLockout." }
    Write-Warning $text
}

$rank = [Math]::Max(1, [array]::IndexOf($ReadPermissions, $Permission))
$more = @($held | Where-Object { [array]::IndexOf($ReadPermissions, $_.Value) -gt $rank } | ForEach-Object { $_.Value })
if ($more) { Write-Warning "$($more -join ', ') goes, and RBAC gives $Permission only: the app can do less then. -Permission asks for more." }

Set-RbacScope $PSCmdlet $principal $group $GroupName $Permission
Remove-ReadRole $PSCmdlet $principal $held
$next = $null
$phase = 'Done'
if ($Differences) {
    $phase = '1'
    $next = 'The policy stays until no token holds the role any more. Run the same command again in a day, with -MailscopeUrl.'
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
    "object id $($principal.Id): the role assignment names this one"
    "application id $($principal.AppId): the policy names this one"
    $next ?? 'RBAC alone decides now. Check with Test-MailboxScope.ps1.'
)
[pscustomobject]@{
    Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId; Group = $GroupName; Phase = $phase
    NestedGroups = $nested; PolicyLeft = [bool]($ofGroup -and ($phase -eq '1' -or $next -or $WhatIfPreference)); Next = $next; Changes = $Changes.ToArray()
}
