# Finds the identity and its roles on Microsoft Graph; dot-sourced by MailboxScope.Common.ps1.

$GraphAppId = '00000003-0000-0000-c000-000000000000'
# Each of these permissions lets the app read subjects.
$ReadPermissions = 'Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite'
# The permissions that an application access policy limits ("Limiting application permissions to specific Exchange Online mailboxes",
# "New-ApplicationAccessPolicy"). The last one is Exchange's own, for EWS, and has a known id.
$MailboxPermission = '^(Mail|MailboxSettings|MailboxItem|MailboxFolder|Calendars|Contacts)\.|^full_access_as_app$'
$FullAccessRoleId = 'dc890d15-9560-4a4c-9b7f-a736ec74ec40'

# Finds the service principal by object id, application (client) id or display name.
function Find-Principal([string]$Identity) {
    if ($Identity -as [guid]) {
        $found = @(Get-IfFound { Get-MgServicePrincipal -ServicePrincipalId $Identity })
        if (-not $found) { $found = @(Get-MgServicePrincipal -Filter "appId eq '$Identity'" -All) }
    } else {
        $found = @(Get-MgServicePrincipal -Filter "displayName eq '$($Identity.Replace("'", "''"))'" -All)
    }
    if ($found.Count -gt 1) {
        $list = $found | ForEach-Object { "  $($_.DisplayName)  object id $($_.Id)  application id $($_.AppId)" }
        throw "$($found.Count) service principals have the name '$Identity'. Use one of these ids as -Identity:`n$($list -join "`n")"
    }
    if (-not $found) {
        throw "No service principal has the object id, application id or display name '$Identity'. For an app registration, use the application (client) id: its object id differs from that of its enterprise application."
    }
    $found[0]
}

function Get-GraphPrincipal { Get-MgServicePrincipal -Filter "appId eq '$GraphAppId'" | ForEach-Object { $_ } }

# The application roles on Microsoft Graph of the principal, and Exchange's full access: Assignment (its id) and Value, such as 'Mail.ReadBasic.All'.
function Get-HeldRole($Principal, $Graph) {
    foreach ($assignment in @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -All)) {
        if ("$($assignment.AppRoleId)" -eq $FullAccessRoleId) { [pscustomobject]@{ Assignment = $assignment.Id; Value = 'full_access_as_app' } }
        # The API of Exchange Online has roles with the same ids. Skip them.
        if ($assignment.ResourceId -and $assignment.ResourceId -ne $Graph.Id) { continue }
        foreach ($role in $Graph.AppRoles) {
            if ("$($role.Id)" -eq "$($assignment.AppRoleId)") { [pscustomobject]@{ Assignment = $assignment.Id; Value = $role.Value } }
        }
    }
}

# Removes the tenant-wide roles that read mail.
function Remove-ReadRole($Caller, $Principal, $Held) {
    foreach ($role in $Held | Where-Object { $_.Value -in $ReadPermissions }) {
        Invoke-Change $Caller $Principal.DisplayName "remove the Entra role $($role.Value)" {
            Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -AppRoleAssignmentId $role.Assignment
        } | Out-Null
    }
}
