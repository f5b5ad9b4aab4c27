#Requires -Version 7.2
<#
.SYNOPSIS
Gives an identity an application permission on Microsoft Graph, Mail.ReadBasic by default.

.DESCRIPTION
Assigns the app role to the service principal of a managed identity or an app registration. The role alone reaches every mailbox, so make
the application access policy first (Set-MailboxScope.ps1 -Mechanism ApplicationAccessPolicy). RBAC for Applications needs no such role, and
the role would override its scope. So the script refuses while an RBAC assignment exists.

Run Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All' and Connect-ExchangeOnline first.
A second run changes nothing.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER Permission
The value of any application role that Microsoft Graph offers: Mail.ReadBasic, Mail.ReadBasic.All, Mail.Read, Mail.ReadWrite, …

.PARAMETER Force
Grants the tenant-wide role although the identity has an RBAC scope.

.EXAMPLE
./Grant-GraphMailPermission.ps1 -Identity mailscope
Grants the smallest permission that shows a subject.

.EXAMPLE
./Grant-GraphMailPermission.ps1 -Identity 6233fba6-0198-4277-892f-9275bf728bcc -Permission Mail.ReadWrite -WhatIf
Shows what would change.

.OUTPUTS
One object: the identity, its permission, and what has changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern('^[A-Za-z-]+(\.[A-Za-z-]+)+$')][string]$Permission = 'Mail.ReadBasic',
    [switch]$Force
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

Assert-Connected
$principal = Find-Principal $Identity
$graph = Get-GraphPrincipal
$offered = @($graph.AppRoles | Where-Object { $_.AllowedMemberTypes -contains 'Application' })
$role = $offered | Where-Object { $_.Value -eq $Permission }
if (-not $role) {
    $mail = $offered | Where-Object { $_.Value -like 'Mail.*' } | ForEach-Object { $_.Value }
    throw "Microsoft Graph has no application permission '$Permission'. Use one of these for mail: $($mail -join ', ')."
}

$held = @(Get-HeldRole $principal $graph)
$reachesMailboxes = $role.Value -match $MailboxPermission
$scoped = @(Get-RbacAssignment $principal | Where-Object { $_.Role -like 'Application *' })
$policies = @(Get-RestrictPolicy $principal)
$granted = $role.Value -in $held.Value
if ($reachesMailboxes -and $scoped) {
    $names = ($scoped | ForEach-Object { Get-AssignmentName $_ }) -join ', '
    $text = "$($principal.DisplayName) has an RBAC scope ($names), and $($role.Value) would override it: it reaches every mailbox."
    if (-not $granted -and -not $Force) { throw "$text RBAC needs no role in Entra. Do not grant it, or add -Force to grant it anyway." }
    Write-Warning "$text Move-MailboxScope.ps1 removes such roles."
}
if ($reachesMailboxes -and -not $policies) {
    Write-Warning "No application access policy restricts the application id $($principal.AppId), so $($role.Value) opens every mailbox of the tenant. Run Set-MailboxScope.ps1 -Mechanism ApplicationAccessPolicy first."
}

if (-not $granted) {
    Invoke-Change $PSCmdlet $principal.DisplayName "grant $($role.Value) on Microsoft Graph (object id $($principal.Id))" {
        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $graph.Id -AppRoleId $role.Id
    } | Out-Null
}

Write-Summary "$($principal.DisplayName): $($role.Value) on Microsoft Graph" @(
    "object id $($principal.Id): the role assignment uses this id"
    "application id $($principal.AppId): policies use this id"
    'A managed identity can keep an old token for up to a day. The role works only with a new token.'
)
[pscustomobject]@{
    Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId
    Permission = $role.Value; Policies = $policies.Count; Changes = $Changes.ToArray()
}
