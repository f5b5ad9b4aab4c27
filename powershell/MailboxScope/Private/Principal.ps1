# The identity and what it holds on Microsoft Graph; dot-sourced by MailboxScope.Common.ps1.

$GraphAppId = '00000003-0000-0000-c000-000000000000'
# Any of these in a token lets the app read subjects.
$ReadPermissions = 'Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite'
# What an application access policy holds back ("Limiting application permissions to specific Exchange Online mailboxes", "New-ApplicationAccessPolicy").
# The last is Exchange's own, for EWS, and known by its id.
$MailboxPermission = '^(Mail|MailboxSettings|MailboxItem|MailboxFolder|Calendars|Contacts)\.|^full_access_as_app$'
$FullAccessRoleId = 'dc890d15-9560-4a4c-9b7f-a736ec74ec40'

# The service principal by object id, application (client) id or display name.
function Find-Principal([string]$Identity) {
    if ($Identity -as [guid]) {
        $found = @(Get-IfFound { Get-MgServicePrincipal -ServicePrincipalId $Identity })
        if (-not $found) { $found = @(Get-MgServicePrincipal -Filter "appId eq '$Identity'" -All) }
    } else {
        $found = @(Get-MgServicePrincipal -Filter "displayName eq '$($Identity.Replace("'", "''"))'" -All)
    }
    if ($found.Count -gt 1) {
        $list = $found | ForEach-Object { "  $($_.DisplayName)  object id $($_.Id)  application id $($_.AppId)" }
        throw "$($found.Count) service principals are named '$Identity'. Give one of these ids as -Identity:`n$($list -join "`n")"
    }
    if (-not $found) {
        throw "No service principal has the object id, application id or display name '$Identity'. For an app registration, give the application (client) id; its own object id is not that of its enterprise application."
    }
    $found[0]
}

function Get-GraphPrincipal { Get-MgServicePrincipal -Filter "appId eq '$GraphAppId'" | ForEach-Object { $_ } }

# The application roles of Microsoft Graph that the principal holds, and Exchange's full access: Assignment (its id) and Value, 'Mail.ReadBasic.All' for one.
function Get-HeldRole($Principal, $Graph) {
    foreach ($assignment in @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -All)) {
        if ("$($assignment.AppRoleId)" -eq $FullAccessRoleId) { [pscustomobject]@{ Assignment = $assignment.Id; Value = 'full_access_as_app' } }
        # Exchange Online's own API has roles with the same ids.
        if ($assignment.ResourceId -and $assignment.ResourceId -ne $Graph.Id) { continue }
        foreach ($role in $Graph.AppRoles) {
            if ("$($role.Id)" -eq "$($assignment.AppRoleId)") { [pscustomobject]@{ Assignment = $assignment.Id; Value = $role.Value } }
        }
    }
}

# Takes the tenant-wide roles that read mail away.
function Remove-ReadRole($Caller, $Principal, $Held) {
    foreach ($role in $Held | Where-Object { $_.Value -in $ReadPermissions }) {
        Invoke-Change $Caller $Principal.DisplayName "take the Entra role $($role.Value) away" {
            Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -AppRoleAssignmentId $role.Assignment
        } | Out-Null
    }
}
