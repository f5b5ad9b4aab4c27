#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Applications, ExchangeOnlineManagement
<#
.SYNOPSIS
Limits an application to the mailboxes of a mail-enabled security group.

.DESCRIPTION
Makes the group, or takes the one that is there, makes its members those given, and ties it to the application:
- Rbac: the application's service principal in Exchange, a management scope, a role assignment (RBAC for Applications). Needs no permission
  in Entra; Microsoft asks for it in new set-ups.
- ApplicationAccessPolicy: the policy of the tutorial. Restricts what a permission in Entra would open; grant that afterwards, with
  Grant-GraphMailPermission.ps1.

Nothing that could be read before is opened on the way but the members given. It may be run twice, and finishes what a first run left half done.
Sign in first: Connect-MgGraph -Scopes Application.Read.All, and Connect-ExchangeOnline.

.PARAMETER Identity
The managed identity or app registration: object id of its service principal, application (client) id, or display name.

.PARAMETER Members
The mailboxes that the application may read. Others in the group are named, and taken out with -Prune only.

.PARAMETER Denied
Mailboxes to prove the limit with, for the line DENIED_MAILBOXES: real, licensed, of persons. Nothing is set for them.

.PARAMETER Permission
What the application may do in its scope, with Rbac.

.EXAMPLE
./Set-MailboxScope.ps1 -Identity mailscope-contoso -Mechanism Rbac -Members support@contoso.example -Denied cch@contoso.example

.EXAMPLE
./Set-MailboxScope.ps1 -Identity mailscope-contoso -Mechanism ApplicationAccessPolicy -GroupName mailscope-readable -Members support@contoso.example -Prune -WhatIf

.OUTPUTS
One object: DisplayName, ObjectId, AppId, Mechanism, Group, Members, Extra, NestedGroups, AllowedMailboxes, DeniedMailboxes, Changed.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [Parameter(Mandatory)][ValidateSet('Rbac', 'ApplicationAccessPolicy')][string]$Mechanism,
    [Parameter(Mandatory)][ValidatePattern('^[^@\s/,;]+@[^@\s/,;]+$')][string[]]$Members,
    [ValidatePattern('^[^@\s/,;]+@[^@\s/,;]+$')][string[]]$Denied = @(),
    [ValidatePattern("^[\w .'-]{1,64}$")][string]$GroupName = 'mailscope-readable',
    [ValidateSet('Mail.ReadBasic', 'Mail.Read', 'Mail.ReadWrite')][string]$Permission = 'Mail.ReadBasic',
    [switch]$Prune
)
. $PSScriptRoot/MailboxScope.ps1

$both = @($Members | Where-Object { $_ -in $Denied })
if ($both) { throw "-Denied names $($both -join ', '), which -Members names too: a mailbox is one or the other." }
Assert-SignedIn -Graph -Exchange
$principal = Find-AppPrincipal $Identity

$group = Get-ScopeGroup $GroupName
if (-not $group) {
    $alias = $GroupName -replace '[^A-Za-z0-9-]', ''
    Invoke-Change $GroupName 'Make a mail-enabled security group' {
        $script:group = New-DistributionGroup -Name $GroupName -Alias $alias -Type Security
    }
    $group = $script:group
}
$present = if ($group) { @(Get-ScopeMember $GroupName | ForEach-Object { "$($_.PrimarySmtpAddress)" }) } else { @() }
foreach ($member in @($Members | Where-Object { $_ -notin $present })) {
    Invoke-Change $member "Add to the group $GroupName" { Add-DistributionGroupMember -Identity $GroupName -Member $member }
}
$extra = @($present | Where-Object { $_ -notin $Members })
if ($Prune) {
    foreach ($member in $extra) {
        Invoke-Change $member "Take out of the group $GroupName" { Remove-DistributionGroupMember -Identity $GroupName -Member $member -Confirm:$false }
    }
}
elseif ($extra) { Write-Warning "The group $GroupName has other members, which the application may read: $($extra -join ', '). -Prune takes them out." }

$nested = @(if ($group) { Get-NestedGroup $GroupName })
if ($Mechanism -eq 'Rbac') {
    if ($nested) { Write-Warning "RBAC does not follow groups in groups: members of $($nested -join ', ') are not let in." }
    Set-RbacScope $principal $group $GroupName $Permission
    $roles = @(Get-EntraReadRole $principal | ForEach-Object { $_.Value })
    if ($roles) { Write-Warning "$($principal.DisplayName) holds $($roles -join ', ') in Entra, so the scope restricts nothing: grants add up. Move-MailboxScope.ps1 takes it away safely." }
    $used = "The object id $($principal.ObjectId) is what the role is assigned to; the application id $($principal.AppId) only names the application to Exchange."
}
else {
    $policies = @(Get-RestrictPolicy $principal)
    $others = @($policies | Where-Object { -not (Test-PolicyScope $_ $group $GroupName) })
    if ($others) { Write-Warning "$($principal.DisplayName) has policies for other groups too, whose members it may read: $(($others | ForEach-Object { $_.ScopeName }) -join ', ')." }
    if ($policies.Count -eq $others.Count) {
        Invoke-Change $principal.DisplayName "Restrict the application id $($principal.AppId) to the group $GroupName" {
            New-ApplicationAccessPolicy -AppId $principal.AppId -PolicyScopeGroupId $GroupName -AccessRight RestrictAccess -Description "Mailboxes that $($principal.DisplayName) may read" | Out-Null
        }
    }
    if (@(Get-RbacAssignment $principal).Count -gt 0) { Write-Warning "$($principal.DisplayName) also has a role assignment in Exchange, which the policy does not restrict: grants add up." }
    $used = "The application id $($principal.AppId) is what the policy is keyed by; the object id $($principal.ObjectId) is not used here."
}

$allowed = $Members -join ' '
[pscustomobject]@{
    DisplayName      = $principal.DisplayName
    ObjectId         = $principal.ObjectId
    AppId            = $principal.AppId
    Mechanism        = $Mechanism
    Group            = $GroupName
    Members          = $Members
    Extra            = $extra
    NestedGroups     = $nested
    AllowedMailboxes = $allowed
    DeniedMailboxes  = $Denied -join ' '
    Changed          = $Changes.Count -gt 0
}
Write-Summary @(
    $used
    'It may take an hour, with RBAC two, until a change is seen everywhere. Settings for Mailscope:'
    "ALLOWED_MAILBOXES=$allowed"
    "DENIED_MAILBOXES=$($Denied -join ' ')"
    $(if (-not $Denied) { 'List at least one mailbox that must stay closed: without it nothing proves that the limit holds.' })
)
