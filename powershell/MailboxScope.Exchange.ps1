# Finds and makes the group, policies and RBAC of an identity in Exchange Online; dot-sourced by MailboxScope.Common.ps1.

function Get-ScopeGroup([string]$GroupName) {
    $group = Get-IfFound { Get-DistributionGroup -Identity $GroupName }
    if ($group.RecipientTypeDetails -and $group.RecipientTypeDetails -ne 'MailUniversalSecurityGroup') {
        throw "$GroupName is a $($group.RecipientTypeDetails). A scope needs a mail-enabled security group. Choose another -GroupName."
    }
    $group
}

function Get-ScopeMember($Group) { if ($Group) { Get-DistributionGroupMember -Identity $Group.Name -ResultSize Unlimited | ForEach-Object { $_ } } }

function Test-NestedGroup($Member) { "$($Member.RecipientTypeDetails) $($Member.RecipientType)" -match 'Group|DistributionList' }

# Whether the member has this address: as primary address, sign-in name or alias.
function Test-MemberAddress($Member, [string]$Address) {
    $Address -in $Member.PrimarySmtpAddress, $Member.WindowsLiveID -or "smtp:$Address" -in $Member.EmailAddresses
}

function Get-MemberName($Member) { "$($Member.PrimarySmtpAddress ? $Member.PrimarySmtpAddress : $Member.Name)" }

# The policies of the app. They use the application id, also for a managed identity.
function Get-AppPolicy($Principal) {
    foreach ($policy in Get-IfFound { Get-ApplicationAccessPolicy }) {
        if ($policy.AppId -eq $Principal.AppId) { $policy }
        if ($policy.AppId -eq $Principal.Id) { Write-Warning "The policy $($policy.Identity) names the object id $($Principal.Id) and limits nothing, because policies need the application id $($Principal.AppId). Remove it with Remove-ApplicationAccessPolicy." }
    }
}

# The policies that restrict. These scripts never make DenyAccess policies.
function Get-RestrictPolicy($Principal) { Get-AppPolicy $Principal | Where-Object { $_.AccessRight -ne 'DenyAccess' } }

# The description that Set-MailboxScope.ps1 gives a policy.
function Get-PolicyDescription([string]$GroupName) { "Mailscope: restrict to the members of $GroupName" }

# Whether the policy's scope is this group. If the group was deleted, only its name is left. ScopeIdentity can have a suffix, and
# ScopeIdentityRaw can have the group's GUID. A policy without scope information counts as a policy of this group.
function Test-PolicyOfGroup($Policy, $Group, [string]$GroupName) {
    if (-not ($Policy.ScopeName -or $Policy.ScopeIdentity -or $Policy.ScopeIdentityRaw)) { return $true }
    $names = @($GroupName, $Group.Name, $Group.DisplayName, $Group.Alias, $Group.PrimarySmtpAddress, $Group.DistinguishedName) -ne $null
    @("$($Policy.ScopeName)", "$($Policy.ScopeIdentity)" | Where-Object { $_ -in $names }).Count -gt 0 -or
    $Policy.Description -eq (Get-PolicyDescription $GroupName) -or
    ($Group.Guid -and "$($Policy.ScopeIdentityRaw)".Contains("$($Group.Guid)", [StringComparison]::OrdinalIgnoreCase))
}

# The RBAC assignments of the app. Exchange uses its object id, and knows it only after New-ServicePrincipal.
function Get-RbacAssignment($Principal) {
    if (Get-IfFound { Get-ServicePrincipal -Identity $Principal.Id }) {
        Get-IfFound { Get-ManagementRoleAssignment -RoleAssignee $Principal.Id } | ForEach-Object { $_ }
    }
}

# The RBAC roles that read mail.
$ReadRbacRole = '^Application (Mail\.Read|(Mail|Exchange) Full Access)'

# Whether an assignment has this scope. Exchange shows the scope's name as CustomRecipientWriteScope, although the parameter is called
# CustomResourceScope. It is empty for the whole organisation. An assignment with neither property counts as one with this scope.
function Test-AssignmentOfScope($Assignment, [string]$Scope) {
    $told = @($Assignment.PSObject.Properties | Where-Object { $_.Name -in 'CustomRecipientWriteScope', 'CustomResourceScope' } | ForEach-Object { "$($_.Value)" })
    $told.Count -eq 0 -or $Scope -in $told
}

function Get-AssignmentName($Assignment) {
    $scope = @($Assignment.CustomRecipientWriteScope, $Assignment.CustomResourceScope | Where-Object { $_ })[0]
    "$($Assignment.Role) over $($scope ? $scope : 'the whole organisation')"
}

# The RBAC role of a permission. Mail.ReadBasic and Mail.ReadBasic.All share the role 'Application Mail.ReadBasic'.
function Get-RbacRole([string]$Permission) { "Application $($Permission -replace '\.All$')" }

# Makes the service principal in Exchange, then the management scope over the group, then the role assignment. Only the last step gives access.
function Set-RbacScope($Caller, $Principal, $Group, [string]$GroupName, [string]$Permission) {
    if (-not (Get-IfFound { Get-ServicePrincipal -Identity $Principal.Id })) {
        Invoke-Change $Caller $Principal.DisplayName "register it in Exchange (application id $($Principal.AppId), object id $($Principal.Id))" {
            New-ServicePrincipal -AppId $Principal.AppId -ObjectId $Principal.Id -DisplayName $Principal.DisplayName
        } | Out-Null
    }
    $scope = Get-IfFound { Get-ManagementScope -Identity $GroupName }
    $name = "$($Group.DistinguishedName)".Replace("'", "''")
    $ofGroup = "MemberOfGroup -eq '$name'"
    if (-not $scope) {
        Invoke-Change $Caller $GroupName 'make the management scope' {
            if (-not $name) { throw "Exchange does not show the group $GroupName yet. Run this command again in a few minutes." }
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
        Write-Warning "$($Principal.DisplayName) also holds $(Get-AssignmentName $other). Grants add up. If you do not want it, remove it with Remove-ManagementRoleAssignment."
    }
    # An assignment without a role name counts as this one.
    if (-not ($assignments | Where-Object { -not $_.Role -or ($_.Role -eq $role -and (Test-AssignmentOfScope $_ $GroupName)) })) {
        Invoke-Change $Caller $Principal.DisplayName "give $role over $GroupName (object id $($Principal.Id))" {
            New-ManagementRoleAssignment -App $Principal.Id -Role $role -CustomResourceScope $GroupName
        } | Out-Null
    }
}
