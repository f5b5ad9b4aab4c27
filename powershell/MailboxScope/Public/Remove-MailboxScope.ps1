#Requires -Version 7.2
<#
.SYNOPSIS
Takes away what the other scripts made, in the order that never opens anything.

.DESCRIPTION
First the roles in Entra that read mail, then the RBAC assignments over the group, the management scope and the service principal in Exchange,
then the application access policy, and with -RemoveGroup the group.
A policy is all that holds back a token that still has the role, which may last a day. So policy and group stay until the latest run of
Mailscope (-MailscopeUrl) shows no read role in its token any more, or -Force says so: the same command again, a day later.

Run Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER GroupName
The mail-enabled security group of the scope.

.PARAMETER RemoveGroup
Removes the group as well, unless another policy is about it.

.PARAMETER MailscopeUrl
Address of the Mailscope app, whose latest run tells what its token holds.

.PARAMETER FunctionKey
A function key of that app, best as a SecureString.

.PARAMETER Force
Removes the policy without proof: a day after the role was taken away, or when nothing runs as this identity any more. Never in the run that takes
the role away.

.EXAMPLE
./Remove-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes
Roles and RBAC; a policy stays.

.EXAMPLE
./Remove-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes -RemoveGroup -Force
The next day: the policy and the group.

.OUTPUTS
One object: what is left, and what was changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern('^[\w][\w .-]{0,63}$')][string]$GroupName = 'mailscope-mailboxes',
    [switch]$RemoveGroup,
    # http only for this machine: a key travels with it.
    [ValidatePattern('^(https://|http://(localhost|127\.0\.0\.1)([:/]|$))')][string]$MailscopeUrl,
    [object]$FunctionKey,
    [switch]$Force
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

Assert-Connected
$principal = Find-Principal $Identity
$held = @(Get-HeldRole $principal (Get-GraphPrincipal))
$group = Get-ScopeGroup $GroupName
$policies = @(Get-RestrictPolicy $principal | Where-Object { Test-PolicyOfGroup $_ $group $GroupName })
$assignments = @(Get-RbacAssignment $principal)
$known = Get-IfFound { Get-ServicePrincipal -Identity $principal.Id }
$scope = Get-IfFound { Get-ManagementScope -Identity $GroupName }

Remove-ReadRole $PSCmdlet $principal $held
$tookRoles = $Differences.Count -gt 0
foreach ($assignment in $assignments | Where-Object { Test-AssignmentOfScope $_ $GroupName }) {
    Invoke-Change $PSCmdlet $principal.DisplayName "take $($assignment.Role) over $GroupName away" {
        Remove-ManagementRoleAssignment -Identity $assignment.Identity -Confirm:$false
    } | Out-Null
}
if ($scope) { Invoke-Change $PSCmdlet $GroupName 'remove the management scope' { Remove-ManagementScope -Identity $GroupName -Confirm:$false } | Out-Null }
$others = @($assignments | Where-Object { -not (Test-AssignmentOfScope $_ $GroupName) })
if ($others) { Write-Warning "$($principal.DisplayName) stays known to Exchange: it also holds $(($others | ForEach-Object { Get-AssignmentName $_ }) -join ', ')." }
elseif ($known) {
    Invoke-Change $PSCmdlet $principal.DisplayName "remove it from Exchange (object id $($principal.Id))" { Remove-ServicePrincipal -Identity $principal.Id -Confirm:$false } | Out-Null
}

$left = @()
if ($policies) {
    $obstacle = $tookRoles ? 'a token in use may hold the role for a day yet: run the same command then, with -MailscopeUrl or -Force' : (Get-PolicyObstacle $principal)
    if ($obstacle) { $left += "the policy: $obstacle" }
}
if (-not $left) {
    foreach ($policy in $policies) {
        Invoke-Change $PSCmdlet $principal.DisplayName "remove the policy over $GroupName (application id $($principal.AppId))" {
            Remove-ApplicationAccessPolicy -Identity $policy.Identity -Confirm:$false
        } | Out-Null
    }
    $needed = @(Get-IfFound { Get-ApplicationAccessPolicy } | Where-Object { $_.Identity -notin $policies.Identity -and (Test-PolicyOfGroup $_ $group $GroupName) } | ForEach-Object { $_.Identity })
    if ($needed -and $RemoveGroup) { $left += "the group, which the policy $($needed -join ', ') needs" }
    elseif ($group -and $RemoveGroup) { Invoke-Change $PSCmdlet $GroupName 'remove the group' { Remove-DistributionGroup -Identity $GroupName -Confirm:$false } | Out-Null }
} elseif ($RemoveGroup) { $left += 'the group, which the policy needs' }
foreach ($reason in $left) { Write-Warning "Left: $reason." }

Write-Summary "$($principal.DisplayName): scope over $GroupName removed" @($left | ForEach-Object { "left: $_" })
[pscustomobject]@{ Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId; Group = $GroupName; Left = $left; Changes = $Changes.ToArray() }
