#Requires -Version 7.2
<#
.SYNOPSIS
Removes everything that the other scripts made, in an order that never gives new access.

.DESCRIPTION
It removes the roles in Entra that read mail, then the RBAC assignments over the group, the management scope and the service principal in
Exchange, then the application access policy, and with -RemoveGroup the group.
A token can hold the role for another day, and only the policy limits it. So policy and group stay until the latest run of Mailscope
(-MailscopeUrl) shows no read role in its token, or until you use -Force. Run the same command again a day later.

Run Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER GroupName
The mail-enabled security group of the scope.

.PARAMETER RemoveGroup
Also removes the group, unless another policy needs it.

.PARAMETER MailscopeUrl
Address of the Mailscope app. Its latest run shows the roles in its token.

.PARAMETER FunctionKey
A function key of that app, preferably as a SecureString.

.PARAMETER Force
Removes the policy without the proof. Use it a day after the role was removed, or when nothing runs as this identity any more. It has no effect in
the run that removes the role.

.EXAMPLE
./Remove-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes
Removes roles and RBAC. A policy stays.

.EXAMPLE
./Remove-MailboxScope.ps1 -Identity mailscope -GroupName mailscope-mailboxes -RemoveGroup -Force
A day later: removes the policy and the group.

.OUTPUTS
One object: what is left, and what has changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern('^[\w][\w .-]{0,63}$')][string]$GroupName = 'mailscope-mailboxes',
    [switch]$RemoveGroup,
    # http only for this machine, because the request carries a key.
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
    Invoke-Change $PSCmdlet $principal.DisplayName "remove $($assignment.Role) over $GroupName" {
        Remove-ManagementRoleAssignment -Identity $assignment.Identity -Confirm:$false
    } | Out-Null
}
if ($scope) { Invoke-Change $PSCmdlet $GroupName 'remove the management scope' { Remove-ManagementScope -Identity $GroupName -Confirm:$false } | Out-Null }
$others = @($assignments | Where-Object { -not (Test-AssignmentOfScope $_ $GroupName) })
if ($others) { Write-Warning "$($principal.DisplayName) stays registered in Exchange, because it also holds $(($others | ForEach-Object { Get-AssignmentName $_ }) -join ', ')." }
elseif ($known) {
    Invoke-Change $PSCmdlet $principal.DisplayName "remove it from Exchange (object id $($principal.Id))" { Remove-ServicePrincipal -Identity $principal.Id -Confirm:$false } | Out-Null
}

$left = @()
if ($policies) {
    $obstacle = $tookRoles ? 'a token in use can hold the role for another day. Run the same command then, with -MailscopeUrl or -Force' : (Get-PolicyObstacle $principal)
    if ($obstacle) { $left += "the policy: $obstacle" }
}
if (-not $left) {
    foreach ($policy in $policies) {
        Invoke-Change $PSCmdlet $principal.DisplayName "remove the policy over $GroupName (application id $($principal.AppId))" {
            Remove-ApplicationAccessPolicy -Identity $policy.Identity -Confirm:$false
        } | Out-Null
    }
    $needed = @(Get-IfFound { Get-ApplicationAccessPolicy } | Where-Object { $_.Identity -notin $policies.Identity -and (Test-PolicyOfGroup $_ $group $GroupName) } | ForEach-Object { $_.Identity })
    if ($needed -and $RemoveGroup) { $left += "the group, because the policy $($needed -join ', ') needs it" }
    elseif ($group -and $RemoveGroup) { Invoke-Change $PSCmdlet $GroupName 'remove the group' { Remove-DistributionGroup -Identity $GroupName -Confirm:$false } | Out-Null }
} elseif ($RemoveGroup) { $left += 'the group, because the policy needs it' }
foreach ($reason in $left) { Write-Warning "Left: $reason." }

Write-Summary "$($principal.DisplayName): scope over $GroupName removed" @($left | ForEach-Object { "left: $_" })
[pscustomobject]@{ Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId; Group = $GroupName; Left = $left; Changes = $Changes.ToArray() }
