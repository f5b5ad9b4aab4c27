#Requires -Version 7.2
<#
.SYNOPSIS
Gives an identity an application permission on Microsoft Graph, Mail.ReadBasic by default.

.DESCRIPTION
Assigns the app role to the service principal of a managed identity or an app registration. The role itself reaches every mailbox: make the
application access policy first (Set-MailboxScope.ps1 -Mechanism ApplicationAccessPolicy). With RBAC for Applications no such role is needed,
and it would override the scope, so it is refused while an RBAC assignment exists.

Run Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All' and Connect-ExchangeOnline first.
A second run changes nothing.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER Permission
The value of any application role that Microsoft Graph offers: Mail.ReadBasic, Mail.ReadBasic.All, Mail.Read, Mail.ReadWrite, …

.PARAMETER Force
Grants a tenant-wide role although an RBAC scope is in use.

.EXAMPLE
./Grant-GraphMailPermission.ps1 -Identity mailscope
The least that shows a subject.

.EXAMPLE
./Grant-GraphMailPermission.ps1 -Identity 6233fba6-0198-4277-892f-9275bf728bcc -Permission Mail.ReadWrite -WhatIf
Says what would be changed.

.OUTPUTS
One object: who holds which permission, and what was changed.
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
    throw "Microsoft Graph offers no application permission '$Permission'. Among those for mail: $($mail -join ', ')."
}

$held = @(Get-HeldRole $principal $graph)
$reachesMailboxes = $role.Value -match $MailboxPermission
$scoped = @(Get-RbacAssignment $principal | Where-Object { $_.Role -like 'Application *' })
$policies = @(Get-RestrictPolicy $principal)
$granted = $role.Value -in $held.Value
if ($reachesMailboxes -and $scoped) {
    $names = ($scoped | ForEach-Object { Get-AssignmentName $_ }) -join ', '
    $text = "$($principal.DisplayName) is scoped by RBAC ($names), and $($role.Value) reaches every mailbox, past that scope."
    if (-not $granted -and -not $Force) { throw "$text RBAC needs no role in Entra: leave it out, or add -Force if you mean it." }
    Write-Warning "$text Move-MailboxScope.ps1 takes such roles away."
}
if ($reachesMailboxes -and -not $policies) {
    Write-Warning "No application access policy restricts the application id $($principal.AppId): $($role.Value) opens every mailbox of the tenant. Run Set-MailboxScope.ps1 -Mechanism ApplicationAccessPolicy first."
}

if (-not $granted) {
    Invoke-Change $PSCmdlet $principal.DisplayName "grant $($role.Value) on Microsoft Graph (object id $($principal.Id))" {
        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $graph.Id -AppRoleId $role.Id
    } | Out-Null
}

Write-Summary "$($principal.DisplayName): $($role.Value) on Microsoft Graph" @(
    "object id $($principal.Id): the role was looked up and assigned with this one"
    "application id $($principal.AppId): policies name this one"
    'A managed identity can keep an older token for up to a day: only then does the role show in it.'
)
[pscustomobject]@{
    Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId
    Permission = $role.Value; Policies = $policies.Count; Changes = $Changes.ToArray()
}
