#Requires -Version 7.2
<#
.SYNOPSIS
Restricts an identity to the mailboxes of a mail-enabled security group.

.DESCRIPTION
Makes or reuses the group, makes the given mailboxes its members, then ties identity and group together:
  Rbac                     service principal in Exchange, management scope, role assignment. For new set-ups. No permission in Entra is needed.
  ApplicationAccessPolicy  a RestrictAccess policy. The permission comes afterwards: Grant-GraphMailPermission.ps1.
In this order nothing is readable at any moment that was not before, but the given members. A run that failed half-way is completed by the next
one, and a run over a complete set-up changes nothing.

Run Connect-MgGraph -Scopes 'Application.Read.All' and Connect-ExchangeOnline first.

.PARAMETER Identity
Object id, application (client) id or display name of the service principal.

.PARAMETER Mechanism
Rbac or ApplicationAccessPolicy.

.PARAMETER GroupName
Name of the mail-enabled security group; the management scope of Rbac gets the same name.

.PARAMETER Members
Addresses of the mailboxes that the app may read. Other members of the group are named, and stay unless -Prune is given.

.PARAMETER Denied
Addresses of mailboxes that Mailscope shall prove to be refused. They must not be in the group.

.PARAMETER Permission
What the role of Rbac allows. A policy knows no permissions.

.PARAMETER Prune
Removes members that -Members does not name.

.EXAMPLE
./Set-MailboxScope.ps1 -Identity mailscope -Mechanism Rbac -GroupName mailscope-mailboxes -Members support@contoso.example, sales@contoso.example -Denied ceo@contoso.example

.EXAMPLE
./Set-MailboxScope.ps1 -Identity mailscope -Mechanism ApplicationAccessPolicy -GroupName mailscope-mailboxes -Members support@contoso.example -Prune -WhatIf

.OUTPUTS
One object: ids, group, members, the lines for the app's settings, and what was changed.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string]$Identity,
    [Parameter(Mandatory)][ValidateSet('Rbac', 'ApplicationAccessPolicy')][string]$Mechanism,
    # At most what a management scope's name may hold.
    [ValidatePattern('^[\w][\w .-]{0,63}$')][string]$GroupName = 'mailscope-mailboxes',
    # One string may list several, as `pwsh -File` hands them over.
    [Parameter(Mandatory)][ValidatePattern('^[^@\s,;]+@[^@\s,;]+(\s*[,;]\s*[^@\s,;]+@[^@\s,;]+)*$')][string[]]$Members,
    [ValidatePattern('^[^@\s,;]+@[^@\s,;]+(\s*[,;]\s*[^@\s,;]+@[^@\s,;]+)*$')][string[]]$Denied = @(),
    [ValidateSet('Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite')][string]$Permission = 'Mail.ReadBasic',
    [switch]$Prune
)
. "$PSScriptRoot/MailboxScope.Common.ps1"

$wanted = @(Split-Address $Members)
$refused = @(Split-Address $Denied)
foreach ($both in $refused | Where-Object { $_ -in $wanted }) { throw "$both is among -Members and -Denied: a mailbox is one or the other." }

Assert-Connected
$principal = Find-Principal $Identity
$held = @(Get-HeldRole $principal (Get-GraphPrincipal))
$group = Get-ScopeGroup $GroupName
$present = @(Get-ScopeMember $group)
$extra = @(foreach ($member in $present) { if (-not ($wanted | Where-Object { Test-MemberAddress $member $_ })) { $member } })
$missing = @(foreach ($address in $wanted) { if (-not ($present | Where-Object { Test-MemberAddress $_ $address })) { $address } })
foreach ($member in $extra) {
    $denies = $refused | Where-Object { Test-MemberAddress $member $_ }
    if ($denies -and -not $Prune) { throw "$denies is to be denied, but is a member of $GroupName. Add -Prune to remove whoever -Members does not name." }
    if (Test-NestedGroup $member) { Write-Warning "$($member.Name) in $GroupName is a group: RBAC does not follow it, an application access policy does." }
}
if ($extra -and -not $Prune) {
    Write-Warning "$GroupName has members that -Members does not name; the app can read them: $(($extra | ForEach-Object { Get-MemberName $_ }) -join ', '). Add -Prune to remove them."
}

# The group holds exactly the members before anything gives access to it.
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
    $usedIds = "object id $($principal.Id): the role assignment names this one; Exchange got both from New-ServicePrincipal", "application id $($principal.AppId): only in New-ServicePrincipal"
    $reading = @($held | Where-Object { $_.Value -in $ReadPermissions } | ForEach-Object { $_.Value })
    if ($reading) { Write-Warning "$($principal.DisplayName) holds $($reading -join ', ') in Entra. Grants add up, so the RBAC scope restricts nothing yet: Move-MailboxScope.ps1 takes the role away." }
    $denies = @(Get-AppPolicy $principal | Where-Object { $_.AccessRight -eq 'DenyAccess' } | ForEach-Object { $_.ScopeName })
    if ($denies) { Write-Warning "RBAC is not held back by the DenyAccess policy over $($denies -join ', '): whoever is a member of both can be read." }
    Set-RbacScope $PSCmdlet $principal $group $GroupName $Permission
} else {
    $usedIds = "application id $($principal.AppId): the policy names this one, also for a managed identity", "object id $($principal.Id): Grant-GraphMailPermission.ps1 and RBAC use this one; a policy with it would hold nobody back"
    $policies = @(Get-AppPolicy $principal)
    $ofGroup = @($policies | Where-Object { Test-PolicyOfGroup $_ $group $GroupName })
    foreach ($other in $policies | Where-Object { $_ -notin $ofGroup }) { Write-Warning "Another policy names this app: $($other.AccessRight) $($other.ScopeName) ($($other.Identity)). A mailbox of any Restrict policy can be read, a Deny policy wins." }
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
    $Mechanism -eq 'Rbac' ? 'The change takes 30 minutes, up to 2 hours for an app that keeps asking.' : 'The change can take more than an hour. Next: Grant-GraphMailPermission.ps1.'
)
[pscustomobject]@{
    Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId; Mechanism = $Mechanism; Group = $GroupName
    Members = $wanted; Extra = @($extra | ForEach-Object { Get-MemberName $_ }); Pruned = [bool]$Prune; Settings = $settings; Changes = $Changes.ToArray()
}
