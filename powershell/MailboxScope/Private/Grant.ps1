# The work of Grant-GraphMailPermission.

function Invoke-Grant($Run, [string]$Identity, [string]$Permission, [bool]$Force) {
    $reachesMailboxes = $Permission -match $MailboxPermission
    $session = Get-GrantSession ($reachesMailboxes -and -not $Force)
    $principal = Find-Principal $Identity
    $graph = Get-GraphPrincipal
    $role = Get-OfferedRole $graph $Permission
    $held = @(Get-HeldRole $principal $graph)
    $granted = $role.Value -in $held.Value
    $policies = @()
    if ($reachesMailboxes -and $session.Exchange) { $policies = @(Assert-Restricted $principal $role.Value $granted $Force) }
    elseif ($reachesMailboxes) { Write-Warning "Exchange Online is not connected, so nobody looked for a policy or an RBAC scope: without a policy $($role.Value) opens every mailbox of the tenant." }
    $kind = Get-Kind $role.Value
    $more = @($held | Where-Object { $kind -and (Get-Kind $_.Value) -eq $kind -and (Get-Rank $_.Value) -gt (Get-Rank $role.Value) } | ForEach-Object { $_.Value })
    if ($more) { Write-Warning "$($role.Value) was asked for, and $($principal.DisplayName) already holds more: $($more -join ', '). It stays. Take it away in Entra if it is not meant." }
    if ($policies -and -not $granted) {
        Write-Warning "A policy takes an hour or more to be obeyed, and a fresh identity's first token carries $($role.Value) at once. If the policy is younger than two hours, every mailbox can be read until then: wait two hours after Set-MailboxScope."
    }
    if (-not $granted) {
        Invoke-Change $Run $principal.DisplayName "grant $($role.Value) on Microsoft Graph (object id $($principal.Id))" {
            New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $graph.Id -AppRoleId $role.Id
        } | Out-Null
    }

    $title = Get-Title $Run $principal.DisplayName "granted $($role.Value) on Microsoft Graph"
    $next = 'A managed identity can keep an older token for up to a day: only then does the role show in it.'
    Write-Summary $title @(
        "object id $($principal.Id): the role was looked up and assigned with this one"
        "application id $($principal.AppId): policies name this one"
        $next
    )
    [pscustomobject]@{
        PSTypeName = 'MailboxScope.Permission'
        Summary = $title; TenantId = $session.TenantId; Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId
        Permission = $role.Value; Policies = $policies.Count; Next = $next; Changes = $Run.Changes.ToArray()
    }
}

# Graph alone gives a role, but only Exchange shows what holds it back.
function Get-GrantSession([bool]$LooksForLimits) {
    try { Get-Session -Graph Needed -Exchange ($LooksForLimits ? 'Needed' : 'Optional') } catch {
        if ($_.FullyQualifiedErrorId -notmatch 'ExchangeNotConnected') { throw }
        throw (New-ScopeError 'ExchangeNotConnected' "$($_.Exception.Message). Only Exchange shows whether a policy or an RBAC scope limits this app. If you have looked yourself, -Force grants without it.")
    }
}

function Get-OfferedRole($Graph, [string]$Permission) {
    $offered = @($Graph.AppRoles | Where-Object { $_.AllowedMemberTypes -contains 'Application' })
    $role = @($offered | Where-Object { $_.Value -eq $Permission })
    if ($role) { return $role[0] }
    $mail = $offered | Where-Object { $_.Value -like 'Mail.*' } | ForEach-Object { $_.Value }
    throw (New-ScopeError 'NoSuchPermission' "Microsoft Graph offers no application permission '$Permission'. Among those for mail: $($mail -join ', ').")
}

# Hands out the policies that restrict the app. Stops where RBAC scopes it, because the role would reach past that scope.
function Assert-Restricted($Principal, [string]$Permission, [bool]$Granted, [bool]$Force) {
    $scoped = @(Get-RbacAssignment $Principal (Get-ExchangePrincipal $Principal) | Where-Object { $_.Role -like 'Application *' })
    if ($scoped) {
        $text = "$($Principal.DisplayName) is scoped by RBAC ($(($scoped | ForEach-Object { Get-AssignmentName $_ }) -join ', ')), and $Permission reaches every mailbox, past that scope."
        if (-not $Granted -and -not $Force) { throw (New-ScopeError 'ScopedByRbac' "$text RBAC needs no role in Entra: leave it out, or add -Force if you mean it.") }
        Write-Warning "$text Move-MailboxScope takes such roles away."
    }
    $policies = @(Get-AppPolicy $Principal | Where-Object { -not (Test-Deny $_) })
    if (-not $policies) {
        Write-Warning "No application access policy restricts the application id $($Principal.AppId): $Permission opens every mailbox of the tenant. Run Set-MailboxScope -Mechanism ApplicationAccessPolicy first."
    }
    $policies
}
