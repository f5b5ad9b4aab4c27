# Group, policies and RBAC of an identity in Exchange Online; dot-sourced by MailboxScope.Common.ps1.

function Get-ScopeGroup([string]$GroupName) {
    $group = Get-IfFound { Get-DistributionGroup -Identity $GroupName }
    if ($group.RecipientTypeDetails -and $group.RecipientTypeDetails -ne 'MailUniversalSecurityGroup') {
        throw "$GroupName is a $($group.RecipientTypeDetails). A scope needs a mail-enabled security group: choose another -GroupName."
    }
    $group
}

function Get-ScopeMember($Group) { if ($Group) { Get-DistributionGroupMember -Identity $Group.Name -ResultSize Unlimited | ForEach-Object { $_ } } }

function Test-NestedGroup($Member) { "$($Member.RecipientTypeDetails) $($Member.RecipientType)" -match 'Group|DistributionList' }

# Whether the member goes by this address: its primary one, its sign-in name or an alias.
function Test-MemberAddress($Member, [string]$Address) {
    $Address -in $Member.PrimarySmtpAddress, $Member.WindowsLiveID -or "smtp:$Address" -in $Member.EmailAddresses
}

function Get-MemberName($Member) { "$($Member.PrimarySmtpAddress ? $Member.PrimarySmtpAddress : $Member.Name)" }

# The policies of the app: keyed by its application id, also for a managed identity.
function Get-AppPolicy($Principal) {
    foreach ($policy in Get-IfFound { Get-ApplicationAccessPolicy }) {
        if ($policy.AppId -eq $Principal.AppId) { $policy }
        if ($policy.AppId -eq $Principal.Id) { Write-Warning "The policy $($policy.Identity) names the object id $($Principal.Id) and holds nobody back: policies go by the application id $($Principal.AppId). Remove it with Remove-ApplicationAccessPolicy." }
    }
}

# DenyAccess is nothing that these scripts make.
function Get-RestrictPolicy($Principal) { Get-AppPolicy $Principal | Where-Object { $_.AccessRight -ne 'DenyAccess' } }

# What Set-MailboxScope.ps1 writes into a policy.
function Get-PolicyDescription([string]$GroupName) { "Mailscope: restrict to the members of $GroupName" }

# Whether the policy's scope is this group, of which only the name may be left. ScopeIdentity can carry a suffix, ScopeIdentityRaw the group's GUID.
# A policy that tells no scope is taken for this group's.
function Test-PolicyOfGroup($Policy, $Group, [string]$GroupName) {
    if (-not ($Policy.ScopeName -or $Policy.ScopeIdentity -or $Policy.ScopeIdentityRaw)) { return $true }
    $names = @($GroupName, $Group.Name, $Group.DisplayName, $Group.Alias, $Group.PrimarySmtpAddress, $Group.DistinguishedName) -ne $null
    @("$($Policy.ScopeName)", "$($Policy.ScopeIdentity)" | Where-Object { $_ -in $names }).Count -gt 0 -or
    $Policy.Description -eq (Get-PolicyDescription $GroupName) -or
    ($Group.Guid -and "$($Policy.ScopeIdentityRaw)".Contains("$($Group.Guid)", [StringComparison]::OrdinalIgnoreCase))
}

# The RBAC assignments of the app; Exchange knows it by its object id, and only after New-ServicePrincipal.
function Get-RbacAssignment($Principal) {
    if (Get-IfFound { Get-ServicePrincipal -Identity $Principal.Id }) {
        Get-IfFound { Get-ManagementRoleAssignment -RoleAssignee $Principal.Id } | ForEach-Object { $_ }
    }
}

# The roles of RBAC that read mail.
$ReadRbacRole = '^Application (Mail\.Read|(Mail|Exchange) Full Access)'

# Whether an assignment is within this scope. Exchange shows a scope's name as CustomRecipientWriteScope, empty for the whole organisation, though the
# parameter is called CustomResourceScope. An assignment that tells neither is taken for one within it.
function Test-AssignmentOfScope($Assignment, [string]$Scope) {
    $told = @($Assignment.PSObject.Properties | Where-Object { $_.Name -in 'CustomRecipientWriteScope', 'CustomResourceScope' } | ForEach-Object { "$($_.Value)" })
    $told.Count -eq 0 -or $Scope -in $told
}

function Get-AssignmentName($Assignment) {
    $scope = @($Assignment.CustomRecipientWriteScope, $Assignment.CustomResourceScope | Where-Object { $_ })[0]
    "$($Assignment.Role) over $($scope ? $scope : 'the whole organisation')"
}

# 'Application Mail.ReadBasic' for Mail.ReadBasic and Mail.ReadBasic.All alike: RBAC has one role for both.
function Get-RbacRole([string]$Permission) { "Application $($Permission -replace '\.All$')" }

# The service principal in Exchange, the management scope over the group, and the role assignment that ties them: the last one opens.
function Set-RbacScope($Caller, $Principal, $Group, [string]$GroupName, [string]$Permission) {
    if (-not (Get-IfFound { Get-ServicePrincipal -Identity $Principal.Id })) {
        Invoke-Change $Caller $Principal.DisplayName "make it known to Exchange (application id $($Principal.AppId), object id $($Principal.Id))" {
            New-ServicePrincipal -AppId $Principal.AppId -ObjectId $Principal.Id -DisplayName $Principal.DisplayName
        } | Out-Null
    }
    $scope = Get-IfFound { Get-ManagementScope -Identity $GroupName }
    $name = "$($Group.DistinguishedName)".Replace("'", "''")
    $ofGroup = "MemberOfGroup -eq '$name'"
    if (-not $scope) {
        Invoke-Change $Caller $GroupName 'make the management scope' {
            if (-not $name) { throw "Exchange does not show the group $GroupName yet. Run this again in some minutes." }
            New-ManagementScope -Name $GroupName -RecipientRestrictionFilter $ofGroup
        } | Out-Null
    } elseif ($scope.RecipientFilter -and "$($scope.RecipientFilter)".IndexOf($name, [StringComparison]::OrdinalIgnoreCase) -lt 0) {
        Invoke-Change $Caller $GroupName "point the management scope at the group (it was: $($scope.RecipientFilter))" {
            Set-ManagementScope -Identity $GroupName -RecipientRestrictionFilter $ofGroup
        } | Out-Null
    }
    $role = Get-RbacRole $Permission
    $assignments = @(Get-RbacAssignment $Principal)
    foreach ($other in $assignments | Where-Object { $_.Role -match $ReadRbacRole -and -not (Test-AssignmentOfScope $_ $GroupName) }) {
        Write-Warning "$($Principal.DisplayName) also holds $(Get-AssignmentName $other). Grants add up: remove it with Remove-ManagementRoleAssignment if it is not meant."
    }
    # One that does not tell what it is about is taken for this one.
    if (-not ($assignments | Where-Object { -not $_.Role -or ($_.Role -eq $role -and (Test-AssignmentOfScope $_ $GroupName)) })) {
        Invoke-Change $Caller $Principal.DisplayName "give $role over $GroupName (object id $($Principal.Id))" {
            New-ManagementRoleAssignment -App $Principal.Id -Role $role -CustomResourceScope $GroupName
        } | Out-Null
    }
}
