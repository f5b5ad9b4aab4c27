# RBAC for Applications: the service principal in Exchange, the management scope over the group, and role assignments.

# The roles that Set-MailboxScope gives and Remove-MailboxScope takes.
$OwnRole = '^Application (Mail\.ReadBasic|(Mail|Calendars|Contacts|MailboxSettings)\.(Read|ReadWrite))$'

# 'Application Mail.ReadBasic' for Mail.ReadBasic and Mail.ReadBasic.All alike: RBAC has one role for both, and for calendars no basic one.
function Get-RbacRole([string]$Permission) { "Application $($Permission -replace '\.All$' -replace '^Calendars\.ReadBasic$', 'Calendars.Read')" }

# Whether a role of RBAC reads this kind of data.
function Test-ReadingRole([string]$Role, [string]$Kind) {
    if ($Role -eq 'Application Exchange Full Access') { return $true }
    if ($Role -eq 'Application Mail Full Access') { return $Kind -eq 'mail' }
    $Role -match '^Application (?<permission>\S+)$' -and (Get-Kind $Matches.permission) -eq $Kind
}

# How much such a role allows.
function Get-RoleRank([string]$Role) { $Role -like '* Full Access' ? 5 : (Get-Rank ($Role -replace '^Application ')) }

# The one group that a filter is about, as its distinguished name: exactly one MemberOfGroup clause and nothing beside it. Else nothing.
function Get-FilterGroup([string]$Filter) {
    $text = $Filter.Trim()
    while ($text -match '^\((?<inner>(?:[^()'']|''(?:[^'']|'''')*'')*|\((?:[^()'']|''(?:[^'']|'''')*'')*\))\)$') { $text = $Matches.inner.Trim() }
    if ($text -match '^MemberOfGroup\s+-eq\s+''(?<dn>(?:[^'']|'''')+)''$') { $Matches.dn.Replace("''", "'") }
}

function Get-GroupFilter($Group) { "MemberOfGroup -eq '$("$($Group.DistinguishedName)".Replace("'", "''"))'" }

# How a filter stands to a group: Ours; Moved, when the tenant has moved to other servers (the DC= parts) and the rest of the name is the group's;
# else Foreign.
function Get-FilterOwner([string]$Filter, $Group) {
    $dn = Get-FilterGroup $Filter
    $own = "$($Group.DistinguishedName)"
    if (-not $dn -or -not $own) { return 'Foreign' }
    if ($dn -eq $own) { return 'Ours' }
    $ending = '(,\s*DC=[^,\\]+)+$'
    $here, $there = ($own -replace $ending), ($dn -replace $ending)
    if ($dn -match $ending -and $here -match ',\s*OU=' -and $here -eq $there) { 'Moved' } else { 'Foreign' }
}

# The management scope of the group, as Name, Scope (nothing where there is none yet), Owner and Filter. The name as it was typed comes first, then
# the group's display name: one group has one scope, whichever name somebody uses.
function Find-GroupScope([string]$GroupName, $Group) {
    $names = @(($GroupName -match '@' ? $null : $GroupName), $Group.DisplayName, ($GroupName -split '@')[0] | Where-Object { $_ -and "$_".Length -le 64 } | Select-Object -Unique)
    $taken = $null
    foreach ($name in $names) {
        Write-Verbose "Looking for the management scope '$name'."
        $scope = @(Get-IfFound { Get-ManagementScope -Identity $name })[0]
        if (-not $scope) { continue }
        $found = [pscustomobject]@{ Name = "$($scope.Name ? $scope.Name : $name)"; Scope = $scope; Owner = Get-FilterOwner "$($scope.RecipientFilter)" $Group; Filter = "$($scope.RecipientFilter)" }
        if ($found.Owner -ne 'Foreign') { return $found }
        $taken = $taken ?? $found
    }
    $taken ?? [pscustomobject]@{ Name = "$($names[0])"; Scope = $null; Owner = 'None'; Filter = $null }
}

# Somebody else's scope is never touched, and an assignment over it would open whatever its filter says.
function Assert-OwnScope($GroupScope, [string]$GroupName) {
    if ($GroupScope.Owner -ne 'Foreign') { return }
    throw (New-ScopeError 'ForeignScope' "There is a management scope named '$($GroupScope.Name)', and it is not about the group $GroupName alone. Its filter: $($GroupScope.Filter). Nothing was changed. Choose another -GroupName, or rename that scope: Set-ManagementScope -Identity '$($GroupScope.Name)' -Name 'NEW NAME'.")
}

# The app as Exchange knows it, or nothing. What comes back is compared: Exchange also takes a display name as identity.
function Get-ExchangePrincipal($Principal) {
    Write-Verbose "Looking for the service principal $($Principal.Id) in Exchange."
    $found = @(Get-IfFound { Get-ServicePrincipal -Identity $Principal.Id })
    if (-not $found) { return }
    $id = "$($found[0].ObjectId ? $found[0].ObjectId : $found[0].ServiceId)"
    if ($found.Count -gt 1 -or $id -ne $Principal.Id -or ($found[0].AppId -and "$($found[0].AppId)" -ne $Principal.AppId)) {
        throw (New-ScopeError 'OtherPrincipal' "Asked for the object id $($Principal.Id) (application id $($Principal.AppId)), Exchange answered with '$($found[0].DisplayName)' (object id $id, application id $($found[0].AppId)). Nothing was changed.")
    }
    $found[0]
}

# The assignments that Exchange shows for the app, which it knows only after New-ServicePrincipal.
function Get-RbacAssignment($Principal, $ExchangePrincipal) {
    if (-not $ExchangePrincipal) { return }
    Write-Verbose "Looking for the role assignments of $($Principal.DisplayName) in Exchange."
    Get-ManagementRoleAssignment -RoleAssignee $Principal.Id | ForEach-Object { $_ }
}

# Exchange shows an assignee by its object id or by its name there. An assignment that shows none was asked for by the id.
function Test-Assignee($Assignment, $Principal, $ExchangePrincipal) {
    $told = @($Assignment.App, $Assignment.RoleAssignee, $Assignment.RoleAssigneeName | Where-Object { $_ } | ForEach-Object { "$_" })
    $ids = @($Principal.Id, $Principal.AppId, $ExchangePrincipal.Identity, $ExchangePrincipal.Name, $ExchangePrincipal.DisplayName | Where-Object { $_ } | ForEach-Object { "$_" })
    -not $told -or @($told | Where-Object { $_ -in $ids }).Count -gt 0
}

# The names of the scopes that an assignment tells. Exchange shows that of -CustomResourceScope as CustomRecipientWriteScope, as CustomResourceScope
# or as both; both are empty for the whole organisation.
function Get-AssignmentScope($Assignment) {
    @($Assignment.CustomResourceScope, $Assignment.CustomRecipientWriteScope | Where-Object { $_ } | ForEach-Object { ("$_" -split '\\')[-1] } | Select-Object -Unique)
}

# Whether an assignment reaches exactly this group: by the group's management scope, or by -RecipientGroupScope, which Exchange shows as the
# group's Name, with or without an id behind it.
function Test-AssignmentOfGroup($Assignment, $Group, $GroupScope) {
    $scopes = @(Get-AssignmentScope $Assignment)
    if ("$($Assignment.RecipientWriteScope)" -eq 'Group') {
        return $Group.Name -and @($scopes | Where-Object { $_ -match "^$([regex]::Escape("$($Group.Name)"))(_[0-9a-fA-F-]{36})?$" }).Count -gt 0
    }
    $GroupScope.Owner -in 'Ours', 'Moved' -and $scopes.Count -gt 0 -and @($scopes | Where-Object { $_ -ne $GroupScope.Name }).Count -eq 0
}

function Get-AssignmentName($Assignment) {
    $scope = @(Get-AssignmentScope $Assignment)[0]
    "$($Assignment.Role) over $($scope ? $scope : $Assignment.RecipientAdministrativeUnitScope ? $Assignment.RecipientAdministrativeUnitScope : 'the whole organisation')"
}

# All assignments of the tenant that use a scope, whoever holds them.
function Get-ScopeUser([string]$ScopeName) {
    Write-Verbose "Looking for everything that uses the management scope '$ScopeName'."
    Get-ManagementRoleAssignment | Where-Object { $ScopeName -in @(Get-AssignmentScope $_) }
}

# All assignments of the tenant that depend on a group: by -RecipientGroupScope, or by a scope whose filter names it, even to leave its members out.
function Get-GroupUser($Group) {
    Write-Verbose "Looking for every assignment over the group '$($Group.DisplayName)'."
    $filters = @{}
    $name = "'$("$($Group.DistinguishedName)".Replace("'", "''"))'"
    foreach ($assignment in Get-ManagementRoleAssignment) {
        if ("$($assignment.RecipientWriteScope)" -eq 'Group') { if (Test-AssignmentOfGroup $assignment $Group) { $assignment }; continue }
        foreach ($scope in Get-AssignmentScope $assignment) {
            if (-not $filters.ContainsKey($scope)) { $filters[$scope] = "$(@(Get-IfFound { Get-ManagementScope -Identity $scope })[0].RecipientFilter)" }
            if ($filters[$scope].Contains($name, [StringComparison]::OrdinalIgnoreCase)) { $assignment; break }
        }
    }
}

function Get-UserName($Assignment) { "$($Assignment.Role) of $($Assignment.RoleAssigneeName ?? $Assignment.RoleAssignee ?? $Assignment.App) ($($Assignment.Identity))" }

# What RBAC has of this app and group, looked up before anything is changed.
function Get-RbacState($Principal, $Group, [string]$GroupName) {
    $known = Get-ExchangePrincipal $Principal
    $groupScope = Find-GroupScope $GroupName $Group
    $assignments = @(Get-RbacAssignment $Principal $known | Where-Object { Test-Assignee $_ $Principal $known })
    [pscustomobject]@{
        Known       = $known
        GroupScope  = $groupScope
        Assignments = $assignments
        OfGroup     = @($assignments | Where-Object { Test-AssignmentOfGroup $_ $Group $groupScope })
    }
}

# Says what goes past the scope, or allows more in it than was asked for.
function Write-RbacWarning($Principal, $State, [string]$Role) {
    $kind = Get-Kind ($Role -replace '^Application ')
    foreach ($other in $State.Assignments | Where-Object { $_ -notin $State.OfGroup -and (Test-ReadingRole $_.Role $kind) }) {
        Write-Warning "$($Principal.DisplayName) also holds $(Get-AssignmentName $other). Grants add up: remove it with Remove-ManagementRoleAssignment if it is not meant."
    }
    $more = @($State.OfGroup | Where-Object { (Test-ReadingRole $_.Role $kind) -and (Get-RoleRank $_.Role) -gt (Get-RoleRank $Role) } | ForEach-Object { Get-AssignmentName $_ })
    if ($more) { Write-Warning "$Role was asked for, and $($Principal.DisplayName) already holds more: $($more -join ', '). It stays. Remove it with Remove-ManagementRoleAssignment if it is not meant." }
}

# The service principal, the scope and the assignment that ties them: the last one opens.
function Set-RbacScope($Run, $Principal, $Group, [string]$GroupName, $State, [string]$Role) {
    if (-not $State.Known) {
        Invoke-Change $Run $Principal.DisplayName "make it known to Exchange (application id $($Principal.AppId), object id $($Principal.Id))" {
            New-ServicePrincipal -AppId $Principal.AppId -ObjectId $Principal.Id -DisplayName $Principal.DisplayName
        } | Out-Null
    }
    # An assignment by -RecipientGroupScope over this group needs no scope beside it.
    if ($State.OfGroup | Where-Object { $_.Role -eq $Role -and "$($_.RecipientWriteScope)" -eq 'Group' }) { return }
    $scopeName = $State.GroupScope.Name
    $filter = Get-GroupFilter $Group
    if (-not $State.GroupScope.Scope) {
        Invoke-Change $Run $scopeName 'make the management scope' {
            if (-not $Group.DistinguishedName) { throw (New-ScopeError 'GroupNotVisible' "Exchange does not show the group $GroupName yet. Run this again in some minutes.") }
            New-ManagementScope -Name $scopeName -RecipientRestrictionFilter $filter
        } | Out-Null
    } elseif ($State.GroupScope.Owner -eq 'Moved') {
        Invoke-Change $Run $scopeName "point the management scope at where the group is now (it was: $($State.GroupScope.Filter))" {
            Set-ManagementScope -Identity $scopeName -RecipientRestrictionFilter $filter
        } | Out-Null
    }
    if (-not ($State.OfGroup | Where-Object { $_.Role -eq $Role })) {
        Invoke-Change $Run $Principal.DisplayName "give $Role over $GroupName (object id $($Principal.Id))" {
            New-ManagementRoleAssignment -App $Principal.Id -Role $Role -CustomResourceScope $scopeName
        } | Out-Null
    }
}
