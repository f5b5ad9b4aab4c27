# The work of Move-MailboxScope.

function Invoke-Move($Run, $Wish, [string]$Identity) {
    $session = Get-Session -Graph Needed -Exchange Needed
    $principal = Find-Principal $Identity
    $held = @(Get-HeldRole $principal (Get-GraphPrincipal))
    $group = Find-ScopeGroup $Wish.GroupName
    if (-not $group) { throw (New-ScopeError 'NoGroup' "There is no group $($Wish.GroupName). Give the name of the policy's group, or make a scope with Set-MailboxScope -Mechanism Rbac.") }
    $policies = @(Get-AppPolicy $principal)
    $state = Get-RbacState $principal $group $Wish.GroupName
    $role = Get-RbacRole $Wish.Permission

    Assert-OwnScope $state.GroupScope $Wish.GroupName
    Assert-NoDeny $policies $Wish.GroupName
    $ofGroup = @($policies | Where-Object { Test-PolicyOfGroup $_ $group $Wish.GroupName })
    Assert-OtherGroup $policies $ofGroup $state $Wish.AcceptLockout
    $nested = @(Assert-DirectMember $Wish)
    $more = @($held | Where-Object { (Get-Kind $_.Value) -eq 'mail' -and (Get-Rank $_.Value) -gt (Get-Rank $Wish.Permission) } | ForEach-Object { $_.Value })
    if ($more) { Write-Warning "$($more -join ', ') goes, and RBAC gives $($Wish.Permission) only: the app can do less then. -Permission asks for more." }
    Write-RbacWarning $principal $state $role

    Set-RbacScope $Run $principal $group $Wish.GroupName $state $role
    # What was declined must not cost the app its access: the role goes only when RBAC is there.
    if (-not $Run.Declined.Count) { Remove-ReadRole $Run $principal $held }
    $phase, $next, $left = Invoke-PolicyPhase $Run $Wish $session $principal $ofGroup

    $title = Get-Title $Run $principal.DisplayName "moved from policy to RBAC, phase $phase"
    Write-Summary $title @(
        "object id $($principal.Id): the role assignment names this one"
        "application id $($principal.AppId): the policy names this one"
        $next ?? 'RBAC alone decides now. Check with Test-MailboxScope.'
    )
    [pscustomobject]@{
        PSTypeName = 'MailboxScope.Move'
        Summary = $title; TenantId = $session.TenantId; Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId
        Group = $Wish.GroupName; Phase = $phase; NestedGroups = $nested; PolicyLeft = $left; Next = $next; Changes = $Run.Changes.ToArray(); Declined = $Run.Declined.ToArray()
    }
}

# Phase, next step and whether a policy over the group is still there. A policy goes only in a run that had nothing else to do.
function Invoke-PolicyPhase($Run, $Wish, $Session, $Principal, [object[]]$OfGroup) {
    if ($Run.Differences.Count) { return '1', 'The policy stays until no token holds the role any more. Run the same command again in a day, with -MailscopeUrl.', ($OfGroup.Count -gt 0) }
    if (-not $OfGroup) { return 'Done', $null, $false }
    $own = @($OfGroup | Where-Object { -not (Test-EveryApp $_) })
    foreach ($shared in $OfGroup | Where-Object { Test-EveryApp $_ }) { Write-Warning "A policy for every app stays: $(Get-PolicyName $shared). RBAC is not held back by it." }
    if (-not $own) { return 'Done', $null, $true }
    $obstacle = Get-PolicyObstacle $Session $Principal $Wish.MailscopeUrl $Wish.FunctionKey $Wish.Force
    if ($obstacle) {
        Write-Warning "The policy stays: $obstacle."
        return '2', "The policy stays: $obstacle.", $true
    }
    Remove-OwnPolicy $Run $Principal $own $Wish.GroupName
    '2', $null, ($Run.Changes.Count -lt $OfGroup.Count)
}

function Remove-OwnPolicy($Run, $Principal, [object[]]$Policies, [string]$GroupName) {
    foreach ($policy in $Policies) {
        Invoke-Change $Run $Principal.DisplayName "remove the policy over $GroupName (application id $($Principal.AppId))" {
            Remove-ApplicationAccessPolicy -Identity $policy.Identity -Confirm:$false
        } | Out-Null
    }
}

function Assert-NoDeny([object[]]$Policies, [string]$GroupName) {
    $denies = @($Policies | Where-Object { Test-Deny $_ } | ForEach-Object { $_.ScopeName })
    if ($denies) { throw (New-ScopeError 'DenyPolicy' "A DenyAccess policy over $($denies -join ', ') names this app. It does not hold RBAC back, so members of $GroupName that it denies would be let in: take them out of $GroupName, remove that policy with Remove-ApplicationAccessPolicy, then run this again.") }
}

# Another group that a policy lets the app into loses the role in Entra, too, unless RBAC has it already.
function Assert-OtherGroup([object[]]$Policies, [object[]]$OfGroup, $State, [bool]$AcceptLockout) {
    foreach ($other in $Policies | Where-Object { $_ -notin $OfGroup }) {
        $names = @($other.ScopeName, $other.ScopeIdentity | Where-Object { $_ })
        if ($State.Assignments | Where-Object { (Test-ReadingRole $_.Role 'mail') -and @(Get-AssignmentScope $_ | Where-Object { $_ -in $names }).Count }) { Write-Warning "Another policy names this app and stays: $($other.ScopeName) ($($other.Identity))."; continue }
        $text = "Another policy lets this app into $($other.ScopeName) ($($other.Identity)), by the role in Entra that goes now."
        if (-not $AcceptLockout) { throw (New-ScopeError 'Lockout' "$text Give it a scope first: Set-MailboxScope -Mechanism Rbac -GroupName '$("$($other.ScopeName)".Replace("'", "''"))'. Or add -AcceptLockout.") }
        Write-Warning $text
    }
}

# The groups inside the group, where they are accepted.
function Assert-DirectMember($Wish) {
    $nested = @(Get-ScopeMember $Wish.GroupName | Where-Object { Test-NestedGroup $_ } | ForEach-Object { Get-MemberName $_ })
    if (-not $nested) { return }
    $text = "$($Wish.GroupName) contains groups, whose members RBAC does not count: $($nested -join ', ')."
    if (-not $Wish.AcceptLockout) { throw (New-ScopeError 'Lockout' "$text Add their members to $($Wish.GroupName) itself and take the groups out, or add -AcceptLockout.") }
    Write-Warning $text
    $nested
}
