# The work of Set-MailboxScope, in this order: look at everything, refuse what would open too much, then change, and what opens last.

function Invoke-Set($Run, $Wish, [string]$Identity, [string]$ObjectId, [string]$ApplicationId) {
    if (-not $Wish.Wanted) { throw (New-ScopeError 'NoMember' 'No mailbox is given. Name one as -Member, in -MemberFile or from the pipeline.') }
    $both = [System.Collections.Generic.HashSet[string]]::new([string[]]$Wish.Wanted, [StringComparer]::OrdinalIgnoreCase)
    foreach ($address in $Wish.Refused | Where-Object { $both.Contains($_) }) { throw (New-ScopeError 'AllowedAndDenied' "$address is among -Member and -Denied: a mailbox is one or the other.") }

    $session = Get-Session -Graph ($ObjectId ? 'Optional' : 'Needed') -Exchange Needed
    $principal = Get-Principal $session $Identity $ObjectId $ApplicationId
    $group = Find-ScopeGroup $Wish.GroupName
    $present = @(if ($group) { Get-ScopeMember $Wish.GroupName })
    $plan = Get-MemberPlan $Wish $present
    $tie = $Wish.Mechanism -eq 'Rbac' ? (Get-RbacState $principal $group $Wish.GroupName) : @(Get-AppPolicy $principal)
    if ($Wish.Mechanism -eq 'Rbac') {
        Assert-OwnScope $tie.GroupScope $Wish.GroupName
        Write-UnionWarning $session $principal (Get-Kind $Wish.Permission)
        Write-RbacWarning $principal $tie (Get-RbacRole $Wish.Permission)
    }

    # The group holds exactly the members before anything gives access to it.
    # Whoever makes a group owns it.
    $owns = -not $group -or (($plan.Missing -or ($Wish.Prune -and $plan.Extra)) -and (Test-GroupOwner $group $session.ExchangeAccount))
    $group = $group ?? (New-ScopeGroup $Run $Wish.GroupName)
    if ($group -or $Run.WhatIf) {
        Set-GroupMember $Run $Wish $plan $owns
        if ($Wish.Mechanism -eq 'Rbac') { Set-RbacScope $Run $principal $group $Wish.GroupName $tie (Get-RbacRole $Wish.Permission) }
        else { Set-Policy $Run $principal $group $Wish.GroupName $tie }
    }
    Get-SetResult $Run $Wish $session $principal $plan
}

# What has to happen to the members, and what must not: Extra members, Missing addresses, the Wanted ones with each person once.
function Get-MemberPlan($Wish, [object[]]$Present) {
    $members = New-AddressIndex $Present
    $wanted = @(Resolve-Mailbox Member $Wish.Wanted $members)
    $refused = @(Resolve-Mailbox Denied $Wish.Refused $members)
    # A person is the recipient, whichever address somebody typed.
    $people = [System.Collections.Generic.Dictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    $once = foreach ($one in $wanted) {
        if (@(Get-RecipientAddress $one.Recipient | Where-Object { $people.ContainsKey($_) }).Count) { Write-Verbose "$($one.Address) is another address of a mailbox that -Member names already."; continue }
        foreach ($address in Get-RecipientAddress $one.Recipient) { $people[$address] = $one.Address }
        $people[$one.Address] = $one.Address
        $one
    }
    foreach ($one in $refused) {
        foreach ($address in @(Get-RecipientAddress $one.Recipient) + $one.Address) {
            if ($people.ContainsKey($address)) { throw (New-ScopeError 'AllowedAndDenied' "-Denied $($one.Address) and -Member $($people[$address]) are one mailbox: a mailbox is one or the other.") }
        }
    }
    $extra = @($Present | Where-Object { -not @(Get-RecipientAddress $_ | Where-Object { $people.ContainsKey($_) }).Count })
    $missing = @($once | Where-Object { -not @(Get-RecipientAddress $_.Recipient | Where-Object { $members.ContainsKey($_) }).Count } | ForEach-Object { $_.Address })
    $plan = [pscustomobject]@{ Wanted = @($once | ForEach-Object { $_.Address }); Refused = @($refused | ForEach-Object { $_.Address }); Extra = $extra; Missing = $missing; Opening = @() }
    $plan.Opening = @(Get-DeniedOpening $Wish $extra $refused)
    foreach ($opening in $plan.Opening) {
        if (-not $Wish.Prune) { throw (New-ScopeError 'DeniedInside' "$($opening.Text) Add -Prune to remove whoever -Member does not name.") }
    }
    Write-ExtraWarning $Wish $extra
    $plan
}

# The members through which a denied mailbox could be read: itself, and under a policy a group that holds it.
function Get-DeniedOpening($Wish, [object[]]$Extra, [object[]]$Refused) {
    $denied = [System.Collections.Generic.Dictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($one in $Refused) { foreach ($address in @(Get-RecipientAddress $one.Recipient) + $one.Address) { $denied[$address] = $one.Address } }
    if (-not $denied.Count) { return }
    foreach ($member in $Extra) {
        $address = @(Get-RecipientAddress $member | Where-Object { $denied.ContainsKey($_) })[0]
        if ($address) { [pscustomobject]@{ Member = $member; Text = "$($denied[$address]) is to be denied, but is a member of $($Wish.GroupName)." } }
    }
    # With -Prune every group goes anyway, whoever is in it.
    $groups = @($Extra | Where-Object { Test-NestedGroup $_ })
    if ($Wish.Mechanism -eq 'Rbac' -or -not $groups) { return }
    if ($Wish.Prune) { foreach ($nested in $groups) { [pscustomobject]@{ Member = $nested; Text = "The group $(Get-MemberName $nested) is a member of $($Wish.GroupName), and a policy opens everybody inside it." } }; return }
    foreach ($inner in Get-NestedMember $groups) {
        $address = @(Get-RecipientAddress $inner.Recipient | Where-Object { $denied.ContainsKey($_) })[0]
        if ($address) { [pscustomobject]@{ Member = $inner.Group; Text = "$($denied[$address]) is to be denied, but is in the group $(Get-MemberName $inner.Group) inside $($Wish.GroupName), and a policy opens everybody there." } }
    }
}

function Write-ExtraWarning($Wish, [object[]]$Extra) {
    foreach ($member in $Extra) {
        if (Test-NestedGroup $member) { Write-Warning "$(Get-MemberName $member) in $($Wish.GroupName) is a group: RBAC lets nobody inside it be read, an application access policy everybody." }
        elseif (-not (Test-Mailbox $member)) { Write-Warning "$(Get-MemberName $member) in $($Wish.GroupName) is a $($member.RecipientTypeDetails ? $member.RecipientTypeDetails : $member.RecipientType) and no mailbox." }
    }
    if ($Extra -and -not $Wish.Prune) {
        Write-Warning "$($Wish.GroupName) has members that -Member does not name; the app can read them: $(($Extra | ForEach-Object { Get-MemberName $_ }) -join ', '). Add -Prune to remove them."
    }
}

# Grants add up, so a role in Entra restricts nothing, and a policy that denies holds nothing of RBAC back.
function Write-UnionWarning($Session, $Principal, [string]$Kind) {
    if ($Session.Graph) {
        $reading = @(Get-HeldRole $Principal (Get-GraphPrincipal) | Where-Object { (Get-Kind $_.Value) -eq $Kind } | ForEach-Object { $_.Value })
        if ($reading) { Write-Warning "$($Principal.DisplayName) holds $($reading -join ', ') in Entra. Grants add up, so the RBAC scope restricts nothing yet: $($Kind -eq 'mail' ? 'Move-MailboxScope takes the role away' : 'take that role away in Entra')." }
    } else {
        Write-Warning "Microsoft Graph is not connected, so nobody looked for a role in Entra. With one, the RBAC scope restricts nothing: grants add up."
    }
    $denies = @(Get-AppPolicy $Principal | Where-Object { Test-Deny $_ } | ForEach-Object { $_.ScopeName })
    if ($denies) { Write-Warning "RBAC is not held back by the DenyAccess policy over $($denies -join ', '): whoever is a member of both can be read." }
}

function New-ScopeGroup($Run, [string]$GroupName) {
    $parameters = Get-NewGroup $GroupName
    Invoke-Change $Run $GroupName 'make the mail-enabled security group' { New-DistributionGroup @parameters }
}

function Set-GroupMember($Run, $Wish, $Plan, [bool]$Owns) {
    if ($Wish.Prune -and $Plan.Extra) {
        Remove-ExtraMember $Run $Wish.GroupName $Plan.Extra $Owns
        $stays = @($Plan.Opening | Where-Object { -not $Run.WhatIf -and "$(Get-MemberName $_.Member): remove from $($Wish.GroupName)" -in $Run.Declined })
        if ($stays) { throw (New-ScopeError 'DeniedInside' "$($stays[0].Text) Its removal was declined, so the app gets no access to the group.") }
    }
    $bypass = Get-Bypass Add-DistributionGroupMember $Owns
    Invoke-WithProgress "Adding members to $($Wish.GroupName)" $Plan.Missing {
        param($address)
        Invoke-Change $Run $address "add to $($Wish.GroupName)" { Add-DistributionGroupMember -Identity $Wish.GroupName -Member $address @bypass } | Out-Null
    }
}

# A command of its own, because taking away asks by itself and adding does not.
function Remove-ExtraMember {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param($Run, [string]$GroupName, [object[]]$Extra, [bool]$Owns)
    $bypass = Get-Bypass Remove-DistributionGroupMember $Owns
    $cmdlet = $PSCmdlet
    Invoke-WithProgress "Removing members from $GroupName" $Extra {
        param($extraMember)
        $name = Get-MemberName $extraMember
        Invoke-Change $Run $name "remove from $GroupName" { Remove-DistributionGroupMember -Identity $GroupName -Member $name -Confirm:$false @bypass } $cmdlet | Out-Null
    }
}

# One RestrictAccess policy over the group, for this app or for every app, is enough.
function Set-Policy($Run, $Principal, $Group, [string]$GroupName, [object[]]$Policies) {
    $ofGroup = @($Policies | Where-Object { $Group -and (Test-PolicyOfGroup $_ $Group $GroupName) })
    foreach ($other in $Policies | Where-Object { $_ -notin $ofGroup }) { Write-Warning "Another policy names this app: $(Get-PolicyName $other). A mailbox of any Restrict policy can be read, a Deny policy wins." }
    $denying = @($ofGroup | Where-Object { Test-Deny $_ })
    if ($denying) { Write-Warning "A policy denies this app the same group, and a Deny policy wins: $(Get-PolicyName $denying[0]). Nobody in it can be read." }
    if ($ofGroup | Where-Object { -not (Test-Deny $_) }) { return }
    Invoke-Change $Run $Principal.DisplayName "restrict to $GroupName (application id $($Principal.AppId))" {
        New-ApplicationAccessPolicy -AppId $Principal.AppId -PolicyScopeGroupId ($Group.PrimarySmtpAddress ? $Group.PrimarySmtpAddress : $GroupName) -AccessRight RestrictAccess -Description (Get-PolicyDescription $GroupName)
    } | Out-Null
}

function Get-SetResult($Run, $Wish, $Session, $Principal, $Plan) {
    $settings = @("ALLOWED_MAILBOXES=$($Plan.Wanted -join ',')", "DENIED_MAILBOXES=$($Plan.Refused -join ',')")
    $kind = Get-Kind $Wish.Permission
    if ($kind -ne 'mail') { $settings += "GRAPH_RESOURCE=$kind" }
    $title = Get-Title $Run $Principal.DisplayName "scoped to $($Wish.GroupName) by $($Wish.Mechanism)"
    if ($Wish.Mechanism -eq 'Rbac') {
        $ids = "object id $($Principal.Id): the role assignment names this one; Exchange got both from New-ServicePrincipal", "application id $($Principal.AppId): only in New-ServicePrincipal"
        $next = 'The change takes 30 minutes, up to 2 hours for an app that keeps asking.'
    } else {
        $ids = "application id $($Principal.AppId): the policy names this one, also for a managed identity", "object id $($Principal.Id): Grant-GraphMailPermission and RBAC use this one; a policy with it would hold nobody back"
        $next = 'The policy takes an hour or more to be obeyed. Wait two hours, then give the permission: Grant-GraphMailPermission. Before that it would open every mailbox.'
    }
    Write-Summary $title ($ids + 'Settings of the app:' + $settings + $next)
    [pscustomobject]@{
        PSTypeName = 'MailboxScope.Scope'
        Summary = $title; TenantId = $Session.TenantId; Identity = $Principal.DisplayName; ObjectId = $Principal.Id; ApplicationId = $Principal.AppId
        Mechanism = $Wish.Mechanism; Group = $Wish.GroupName; Members = $Plan.Wanted; Extra = @($Plan.Extra | ForEach-Object { Get-MemberName $_ }); Pruned = $Wish.Prune
        Settings = $settings; Next = $next; Changes = $Run.Changes.ToArray(); Declined = $Run.Declined.ToArray()
    }
}
