#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Applications
<#
.SYNOPSIS
Gives an application a mail permission on Microsoft Graph: the app role on its service principal.

.DESCRIPTION
The role is tenant-wide. It reaches every mailbox unless an application access policy restricts the application: set that first, with
Set-MailboxScope.ps1 -Mechanism ApplicationAccessPolicy. With RBAC for Applications no such role is needed at all, and one would
override every scope: while the application has a role assignment in Exchange, this script refuses, unless -Force.

Sign in first: Connect-MgGraph -Scopes Application.Read.All,AppRoleAssignment.ReadWrite.All, and Connect-ExchangeOnline.
It may be run twice. It takes back nothing: Remove-MailboxScope.ps1 does.

.PARAMETER Identity
The managed identity or app registration: object id of its service principal, application (client) id, or display name.

.PARAMETER Permission
An application permission of Microsoft Graph. Mail.ReadBasic is the least that shows a subject.

.PARAMETER Force
Grant although an RBAC scope is in use, or although Exchange cannot be asked whether one is.

.EXAMPLE
./Grant-GraphMailPermission.ps1 -Identity mailscope-contoso -WhatIf

.EXAMPLE
./Grant-GraphMailPermission.ps1 -Identity 11111111-1111-1111-1111-111111111111 -Permission Mail.ReadWrite

.OUTPUTS
One object: DisplayName, ObjectId, AppId, Permission, Granted, Changed.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [ValidatePattern('^[A-Za-z]+(\.[A-Za-z-]+)+$')][string]$Permission = 'Mail.ReadBasic',
    [switch]$Force
)
. $PSScriptRoot/MailboxScope.ps1

Assert-SignedIn -Graph -Exchange:(-not $Force)
$principal = Find-AppPrincipal $Identity
$graph = Get-GraphPrincipal
$offered = @($graph.AppRoles | Where-Object { $_.AllowedMemberTypes -contains 'Application' })
$role = @($offered | Where-Object { $_.Value -eq $Permission })[0]
if (-not $role) {
    $mail = @($offered | ForEach-Object { $_.Value } | Where-Object { $_ -like 'Mail*' }) -join ', '
    throw "Microsoft Graph offers applications no permission $Permission. Those about mail: $mail."
}

$held = @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.ObjectId -All | Where-Object { "$($_.AppRoleId)" -eq "$($role.Id)" })
if ($held.Count -eq 0) {
    if (-not $Force -and @(Get-RbacAssignment $principal).Count -gt 0) {
        throw "$($principal.DisplayName) has a role assignment in Exchange (RBAC for Applications). $Permission in Entra would let it into every mailbox, whatever the scope: grants add up. Leave it, or use -Force."
    }
    if (-not $Force -and $Permission -in $ReadRoles -and @(Get-RestrictPolicy $principal).Count -eq 0) {
        Write-Warning "No application access policy restricts $($principal.DisplayName) (application id $($principal.AppId)): $Permission opens every mailbox until one does. Set-MailboxScope.ps1 -Mechanism ApplicationAccessPolicy makes it."
    }
    Invoke-Change $principal.DisplayName "Grant $Permission on Microsoft Graph, to the object id $($principal.ObjectId)" {
        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.ObjectId -PrincipalId $principal.ObjectId -ResourceId $graph.Id -AppRoleId $role.Id | Out-Null
    }
}

[pscustomobject]@{
    DisplayName = $principal.DisplayName
    ObjectId    = $principal.ObjectId
    AppId       = $principal.AppId
    Permission  = $Permission
    Granted     = $held.Count -gt 0 -or $Changes.Count -gt 0
    Changed     = $Changes.Count -gt 0
}
Write-Summary "A managed identity's token may take up to a day to show the role: the platform keeps tokens, and nothing makes it fetch a new one."
