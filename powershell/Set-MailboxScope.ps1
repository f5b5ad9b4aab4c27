#Requires -Version 7.2
<#
.SYNOPSIS
Restricts an identity to the mailboxes of a mail-enabled security group.

.DESCRIPTION
Makes or reuses the group, makes the given mailboxes its members, then connects identity and group with one mechanism:
  Rbac                     service principal in Exchange, management scope, role assignment. For new set-ups. It needs no permission in Entra.
  ApplicationAccessPolicy  a RestrictAccess policy. Grant the permission after it: Grant-GraphMailPermission.ps1.
At no time does this order give access to other mailboxes than the given members. If a run fails half-way, the next run completes it. A run
over a complete set-up changes nothing.

Run Connect-MgGraph -Scopes 'Application.Read.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER Mechanism
Rbac or ApplicationAccessPolicy.

.PARAMETER GroupName
Name of the mail-enabled security group. With Rbac the management scope gets the same name.

.PARAMETER Members
Addresses of the mailboxes that the app may read. The script names other members of the group, and keeps them unless -Prune is given.

.PARAMETER Denied
Addresses of mailboxes that the app must not read. Mailscope checks that they are refused. They must not be in the group.

.PARAMETER Permission
The permission of the Rbac role. A policy has no permission.

.PARAMETER Prune
Removes members that -Members does not name.

.EXAMPLE
./Set-MailboxScope.ps1 -Identity mailscope -Mechanism Rbac -GroupName mailscope-mailboxes -Members support@contoso.example, sales@contoso.example -Denied ceo@contoso.example

.EXAMPLE
./Set-MailboxScope.ps1 -Identity mailscope -Mechanism ApplicationAccessPolicy -GroupName mailscope-mailboxes -Members support@contoso.example -Prune -WhatIf

.OUTPUTS
One object: ids, group, members, the lines for the app's settings, and what has changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [Parameter(Mandatory)][ValidateSet('Rbac', 'ApplicationAccessPolicy')][string]$Mechanism,
    # The longest name that a management scope may have.
    [ValidatePattern('^[\w][\w .-]{0,63}$')][string]$GroupName = 'mailscope-mailboxes',
    # One string may list several, because `pwsh -File` passes them so.
    [Parameter(Mandatory)][ValidatePattern('^[^@\s,;]+@[^@\s,;]+(\s*[,;]\s*[^@\s,;]+@[^@\s,;]+)*$')][string[]]$Members,
    [ValidatePattern('^[^@\s,;]+@[^@\s,;]+(\s*[,;]\s*[^@\s,;]+@[^@\s,;]+)*$')][string[]]$Denied = @(),
    [ValidateSet('Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite')][string]$Permission = 'Mail.ReadBasic',
    [switch]$Prune
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

$wanted = @(Split-Address $Members)
$refused = @(Split-Address $Denied)
foreach ($both in $refused | Where-Object { $_ -in $wanted }) { throw "$both is in -Members and in -Denied. Remove it from one of them." }

Assert-Connected
$principal = Find-Principal $Identity
$held = @(Get-HeldRole $principal (Get-GraphPrincipal))
$group = Get-ScopeGroup $GroupName
$present = @(Get-ScopeMember $group)
$extra = @(foreach ($member in $present) { if (-not ($wanted | Where-Object { Test-MemberAddress $member $_ })) { $member } })
$missing = @(foreach ($address in $wanted) { if (-not ($present | Where-Object { Test-MemberAddress $_ $address })) { $address } })
foreach ($member in $extra) {
    $denies = $refused | Where-Object { Test-MemberAddress $member $_ }
    if ($denies -and -not $Prune) { throw "$denies is in -Denied, but is a member of $GroupName. Add -Prune to remove the members that -Members does not name." }
    if (Test-NestedGroup $member) { Write-Warning "$($member.Name) in $GroupName is a group. RBAC ignores its members, but an application access policy includes them." }
}
if ($extra -and -not $Prune) {
    Write-Warning "$GroupName has other members than -Members, and the app can read them: $(($extra | ForEach-Object { Get-MemberName $_ }) -join ', '). Add -Prune to remove them."
}

# Finish the members first. Only later steps give access to the group.
if (-not $group) {
    $group = Invoke-Change $PSCmdlet $GroupName 'make the mail-enabled security group' {
        New-DistributionGroup -Name $GroupName -Alias ($GroupName -replace '[^\w.-]', '-') -Type Security
    }
}
if ($Prune) {
    foreach ($member in $extra) {
        $name = Get-MemberName $member
        Invoke-Change $PSCmdlet $name "remove from $GroupName" { Remove-DistributionGroupMember -Identity $GroupName -Member $name -Confirm:$false } | Out-Null
    }
}
foreach ($address in $missing) {
    Invoke-Change $PSCmdlet $address "add to $GroupName" { Add-DistributionGroupMember -Identity $GroupName -Member $address } | Out-Null
}

if ($Mechanism -eq 'Rbac') {
    $usedIds = "object id $($principal.Id): the role assignment uses this id", "application id $($principal.AppId): only New-ServicePrincipal uses this id, together with the object id"
    $reading = @($held | Where-Object { $_.Value -in $ReadPermissions } | ForEach-Object { $_.Value })
    if ($reading) { Write-Warning "$($principal.DisplayName) holds $($reading -join ', ') in Entra. Grants add up, so the RBAC scope limits nothing yet. Remove the role with Move-MailboxScope.ps1." }
    $denies = @(Get-AppPolicy $principal | Where-Object { $_.AccessRight -eq 'DenyAccess' } | ForEach-Object { $_.ScopeName })
    if ($denies) { Write-Warning "The DenyAccess policy over $($denies -join ', ') does not limit RBAC, so the app can read members of both groups." }
    Set-RbacScope $PSCmdlet $principal $group $GroupName $Permission
} else {
    $usedIds = "application id $($principal.AppId): the policy uses this id, also for a managed identity", "object id $($principal.Id): Grant-GraphMailPermission.ps1 and RBAC use this id; a policy with it would limit nothing"
    $policies = @(Get-AppPolicy $principal)
    $ofGroup = @($policies | Where-Object { Test-PolicyOfGroup $_ $group $GroupName })
    foreach ($other in $policies | Where-Object { $_ -notin $ofGroup }) { Write-Warning "Another policy names this app: $($other.AccessRight) $($other.ScopeName) ($($other.Identity)). The app can read the mailboxes of every RestrictAccess policy, except those of a DenyAccess policy." }
    if (-not ($ofGroup | Where-Object { $_.AccessRight -ne 'DenyAccess' })) {
        Invoke-Change $PSCmdlet $principal.DisplayName "restrict to $GroupName (application id $($principal.AppId))" {
            New-ApplicationAccessPolicy -AppId $principal.AppId -PolicyScopeGroupId ($group.PrimarySmtpAddress ? $group.PrimarySmtpAddress : $GroupName) -AccessRight RestrictAccess -Description (Get-PolicyDescription $GroupName)
        } | Out-Null
    }
}

$settings = "ALLOWED_MAILBOXES=$($wanted -join ',')", "DENIED_MAILBOXES=$($refused -join ',')"
Write-Summary "$($principal.DisplayName): scoped to $GroupName by $Mechanism" @(
    $usedIds
    'Settings of the app:'
    $settings
    $Mechanism -eq 'Rbac' ? 'The change takes 30 minutes, or up to 2 hours if the app keeps asking.' : 'The change can take more than an hour. Next: Grant-GraphMailPermission.ps1.'
)
[pscustomobject]@{
    Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId; Mechanism = $Mechanism; Group = $GroupName
    Members = $wanted; Extra = @($extra | ForEach-Object { Get-MemberName $_ }); Pruned = [bool]$Prune; Settings = $settings; Changes = $Changes.ToArray()
}
