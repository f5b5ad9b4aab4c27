# The identity, and what it holds on Microsoft Graph.

$GraphAppId = '00000003-0000-0000-c000-000000000000'
# The kinds of data in a mailbox, as Mailscope's GRAPH_RESOURCE names them, by the first part of their permissions.
$Kinds = @{ Mail = 'mail'; Calendars = 'calendar'; Contacts = 'contacts'; MailboxSettings = 'settings' }
# What an application access policy holds back ("Limiting application permissions to specific Exchange Online mailboxes", "New-ApplicationAccessPolicy").
# The last is Exchange's own, for EWS, and known by its id.
$MailboxPermission = '^(Mail|Mail-Advanced|MailboxSettings|MailboxItem|MailboxFolder|MailboxConfigItem|Calendars|Contacts)\.|^full_access_as_app$'
$FullAccessRoleId = 'dc890d15-9560-4a4c-9b7f-a736ec74ec40'

# The kind of data that a permission reads, or nothing. A rule and no list, for names that Microsoft adds beside: Mail-Advanced.ReadWrite.All.
function Get-Kind([string]$Permission) {
    if ($Permission -match '^(?<first>Mail|Calendars|Contacts|MailboxSettings)(-(?!OnPremises)[a-z]+)?\.Read(Basic|Write)?(\.All)?$') { $Kinds[$Matches.first] }
}

# How much a permission to read allows: Mail.ReadBasic and Mail.ReadBasic.All are one.
function Get-Rank([string]$Permission) {
    $first, $verb = $Permission -split '\.'
    $first -like '*-*' ? 4 : 1 + [array]::IndexOf(@('ReadBasic', 'Read', 'ReadWrite'), "$verb")
}

# The service principal as Id, AppId and DisplayName. With both ids given nothing but Exchange is needed; Graph confirms them where it is there.
function Get-Principal($Session, [string]$Identity, [string]$ObjectId, [string]$ApplicationId) {
    if (-not $ObjectId) { return Find-Principal $Identity }
    # '{6233FBA6-…}' is the same id.
    $ObjectId, $ApplicationId = "$([guid]$ObjectId)", "$([guid]$ApplicationId)"
    if ($ObjectId -eq $ApplicationId) { throw (New-ScopeError 'SameIds' "-ObjectId and -ApplicationId are both $ObjectId. They are two different ids of one enterprise application.") }
    $given = [pscustomobject]@{ Id = $ObjectId; AppId = $ApplicationId; DisplayName = $Identity ? $Identity : $ApplicationId }
    if (-not $Session.Graph) {
        Write-Warning "Microsoft Graph is not connected, so nobody checked that $ObjectId is the object id and $ApplicationId the application id of one app. A policy over a wrong application id holds nobody back."
        return $given
    }
    $found = Find-Principal $ObjectId
    if ("$($found.Id)" -ne $given.Id -or "$($found.AppId)" -ne $given.AppId) {
        throw (New-ScopeError 'IdsDiffer' "-ObjectId $ObjectId and -ApplicationId $ApplicationId are not one app: $($found.DisplayName) has object id $($found.Id) and application id $($found.AppId).")
    }
    $found
}

# The service principal by object id, application (client) id or display name.
function Find-Principal([string]$Identity) {
    Write-Verbose "Looking for the service principal '$Identity' in Microsoft Graph."
    $id = $Identity -as [guid]
    if ($id) {
        $found = @(Get-IfFound { Get-MgServicePrincipal -ServicePrincipalId "$id" })
        if (-not $found) { $found = @(Get-MgServicePrincipal -Filter "appId eq '$id'" -All) }
    } else {
        $found = @(Get-MgServicePrincipal -Filter "displayName eq '$($Identity.Replace("'", "''"))'" -All)
    }
    if ($found.Count -gt 1) {
        $list = $found | ForEach-Object { "  $($_.DisplayName)  object id $($_.Id)  application id $($_.AppId)" }
        throw (New-ScopeError 'SeveralPrincipals' "$($found.Count) service principals are named '$Identity'. Give one of these ids as -Identity:`n$($list -join "`n")")
    }
    if (-not $found) {
        throw (New-ScopeError 'NoPrincipal' "No service principal has the object id, application id or display name '$Identity'. For an app registration, give the application (client) id; its own object id is not that of its enterprise application.")
    }
    Assert-Asked $found[0] $Identity $id
    $found[0]
}

# A lookup may answer with somebody else: what it returned has to be what was asked for.
function Assert-Asked($Found, [string]$Identity, $Id) {
    $asked = $Id ? ("$Id" -in "$($Found.Id)", "$($Found.AppId)") : ("$($Found.DisplayName)" -eq $Identity)
    if (-not $asked -or -not ($Found.Id -as [guid]) -or -not ($Found.AppId -as [guid])) {
        throw (New-ScopeError 'OtherPrincipal' "Asked for '$Identity', Microsoft Graph answered with '$($Found.DisplayName)' (object id $($Found.Id), application id $($Found.AppId)). Nothing was changed.")
    }
}

function Get-GraphPrincipal {
    Write-Verbose 'Looking for the roles that Microsoft Graph offers.'
    $graph = @(Get-MgServicePrincipal -Filter "appId eq '$GraphAppId'")
    if ($graph.Count -ne 1 -or "$($graph[0].AppId)" -ne $GraphAppId) { throw (New-ScopeError 'NoGraphPrincipal' 'Microsoft Graph did not answer with its own service principal.') }
    $graph[0]
}

# The application roles of Microsoft Graph that the principal holds, and Exchange's full access: Assignment (its id) and Value, 'Mail.ReadBasic.All' for one.
function Get-HeldRole($Principal, $Graph) {
    Write-Verbose "Looking for the roles that $($Principal.DisplayName) holds in Entra."
    foreach ($assignment in @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -All)) {
        # Only what this principal holds.
        if ($assignment.PrincipalId -and "$($assignment.PrincipalId)" -ne "$($Principal.Id)") { continue }
        if ("$($assignment.AppRoleId)" -eq $FullAccessRoleId) { [pscustomobject]@{ Assignment = $assignment.Id; Value = 'full_access_as_app' } }
        # Exchange Online's own API has roles with the same ids.
        if ($assignment.ResourceId -and "$($assignment.ResourceId)" -ne "$($Graph.Id)") { continue }
        foreach ($role in $Graph.AppRoles) {
            if ("$($role.Id)" -eq "$($assignment.AppRoleId)") { [pscustomobject]@{ Assignment = $assignment.Id; Value = $role.Value } }
        }
    }
}

# Takes the tenant-wide roles that read mail away.
function Remove-ReadRole($Run, $Principal, $Held) {
    foreach ($role in $Held | Where-Object { (Get-Kind $_.Value) -eq 'mail' }) {
        Invoke-Change $Run $Principal.DisplayName "take the Entra role $($role.Value) away" {
            Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.Id -AppRoleAssignmentId $role.Assignment
        } | Out-Null
    }
}
