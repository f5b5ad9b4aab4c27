# The work of Remove-MailboxScope: roles first, then RBAC, then the policy, then the group. What is left is said, each with its reason.

function Invoke-Remove($Run, $Wish, [string]$Identity, [string]$ObjectId, [string]$ApplicationId) {
    $session = Get-Session -Graph ($ObjectId ? 'Optional' : 'Needed') -Exchange Needed
    $principal = Get-Principal $session $Identity $ObjectId $ApplicationId
    $held = @(if ($session.Graph) { Get-HeldRole $principal (Get-GraphPrincipal) })
    $group = Find-ScopeGroup $Wish.GroupName
    $policies = @(Get-AppPolicy $principal | Where-Object { -not (Test-Deny $_) -and (Test-PolicyOfGroup $_ $group $Wish.GroupName) })
    $state = Get-RbacState $principal $group $Wish.GroupName
    $left = [System.Collections.Generic.List[string]]::new()

    if (-not $session.Graph) { $left.Add('roles in Entra, which need a session in Microsoft Graph') }
    Remove-ReadRole $Run $principal $held
    $tookRoles = $Run.Differences.Count -gt 0
    $gone = @(Remove-Rbac $Run $principal $state $Wish.GroupName $left)
    $policyGone = Remove-Policy $Run $Wish $session $principal $policies $tookRoles $left
    if ($Wish.RemoveGroup -and $group) { Remove-Group $Run $Wish $session $group ($policyGone ? , $policies : $null) $gone $left }
    foreach ($reason in $left) { Write-Warning "Left: $reason." }

    $title = Get-Title $Run $principal.DisplayName "freed of the scope over $($Wish.GroupName)$($left.Count ? ', but something is left' : '')"
    Write-Summary $title @($left | ForEach-Object { "left: $_" })
    [pscustomobject]@{
        PSTypeName = 'MailboxScope.Removal'
        Summary = $title; TenantId = $session.TenantId; Identity = $principal.DisplayName; ObjectId = $principal.Id; ApplicationId = $principal.AppId
        Group = $Wish.GroupName; Left = $left.ToArray(); Changes = $Run.Changes.ToArray(); Declined = $Run.Declined.ToArray()
    }
}

# Assignments that read mail over this group, the scope where nobody else uses it, and the app in Exchange where it holds nothing any more.
# Hands out the ids of the assignments that are gone.
function Remove-Rbac($Run, $Principal, $State, [string]$GroupName, $Left) {
    $own = @($State.OfGroup | Where-Object { $_.Role -match $OwnRole })
    $removed = @(foreach ($assignment in $own) {
        $before = $Run.Declined.Count
        Invoke-Change $Run $Principal.DisplayName "take $($assignment.Role) over $GroupName away" {
            Remove-ManagementRoleAssignment -Identity $assignment.Identity -Confirm:$false
        } | Out-Null
        if ($Run.Declined.Count -eq $before) { $assignment }
    })
    $removedIds = @($removed | ForEach-Object { "$($_.Identity)" })
    Remove-Scope $Run $State.GroupScope $removedIds $Left
    $others = @($State.Assignments | Where-Object { $_ -notin $removed })
    if ($others) { $Left.Add("$($Principal.DisplayName) stays known to Exchange, where it also holds $(($others | ForEach-Object { Get-AssignmentName $_ }) -join ', ')") }
    elseif ($State.Known) {
        Invoke-Change $Run $Principal.DisplayName "remove it from Exchange (object id $($Principal.Id))" { Remove-ServicePrincipal -Identity $Principal.Id -Confirm:$false } | Out-Null
    }
    $removedIds
}

function Remove-Scope($Run, $GroupScope, [string[]]$Gone, $Left) {
    if (-not $GroupScope.Scope) { return }
    $name = $GroupScope.Name
    if ($GroupScope.Owner -eq 'Foreign') { $Left.Add("the management scope '$name', which is not about this group alone (its filter: $($GroupScope.Filter))"); return }
    $users = @(Get-ScopeUser $name | Where-Object { "$($_.Identity)" -notin $Gone })
    if ($users) { $Left.Add("the management scope '$name', which other assignments use: $(($users | ForEach-Object { Get-UserName $_ }) -join ', ')"); return }
    Invoke-Change $Run $name 'remove the management scope' { Remove-ManagementScope -Identity $name -Confirm:$false } | Out-Null
}

# True where no policy of this app is about the group any more.
function Remove-Policy($Run, $Wish, $Session, $Principal, [object[]]$Policies, [bool]$TookRoles, $Left) {
    foreach ($shared in $Policies | Where-Object { Test-EveryApp $_ }) { $Left.Add("a policy for every app: $(Get-PolicyName $shared)") }
    $own = @($Policies | Where-Object { -not (Test-EveryApp $_) })
    if (-not $own) { return $true }
    $obstacle = $TookRoles ? 'a token in use may hold the role for a day yet: run the same command then, with -MailscopeUrl or -Force' : (Get-PolicyObstacle $Session $Principal $Wish.MailscopeUrl $Wish.FunctionKey $Wish.Force)
    if ($obstacle) { $Left.Add("the policy: $obstacle"); return $false }
    $before = $Run.Declined.Count
    Remove-OwnPolicy $Run $Principal $own $Wish.GroupName
    $Run.Declined.Count -eq $before
}

# A group goes only when nothing is about it any more: no policy, and no assignment, whoever holds it. Policies is nothing where one stays.
function Remove-Group($Run, $Wish, $Session, $Group, $Policies, [string[]]$Gone, $Left) {
    if ($null -eq $Policies) { $Left.Add('the group, which the policy needs'); return }
    $removed = @($Policies | Where-Object { -not (Test-EveryApp $_) } | ForEach-Object { "$($_.Identity)" })
    $needed = @(Get-ApplicationAccessPolicy | Where-Object { "$($_.Identity)" -notin $removed -and (Test-PolicyOfGroup $_ $Group $Wish.GroupName) } | ForEach-Object { $_.Identity })
    if ($needed) { $Left.Add("the group, which the policy $($needed -join ', ') needs"); return }
    $users = @(Get-GroupUser $Group | Where-Object { "$($_.Identity)" -notin $Gone })
    if ($users) { $Left.Add("the group, which other assignments need: $(($users | ForEach-Object { Get-UserName $_ }) -join ', ')"); return }
    $bypass = Get-Bypass Remove-DistributionGroup (Test-GroupOwner $Group $Session.ExchangeAccount)
    Invoke-Change $Run $Wish.GroupName 'remove the group' { Remove-DistributionGroup -Identity $Wish.GroupName -Confirm:$false @bypass } | Out-Null
}
