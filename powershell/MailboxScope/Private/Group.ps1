# The mail-enabled security group of a scope, who is in it, and whether they are mailboxes.

# The group by whatever Exchange takes as its identity, or nothing.
function Find-ScopeGroup([string]$GroupName) {
    Write-Verbose "Looking for the group '$GroupName' in Exchange."
    $found = @(Get-IfFound { Get-DistributionGroup -Identity $GroupName })
    if ($found.Count -gt 1) {
        $list = $found | ForEach-Object { "  $($_.DisplayName)  $($_.PrimarySmtpAddress)" }
        throw (New-ScopeError 'SeveralGroups' "$($found.Count) groups go by '$GroupName'. Give the address of one as -GroupName:`n$($list -join "`n")")
    }
    if (-not $found) { return }
    if ($found[0].RecipientTypeDetails -and "$($found[0].RecipientTypeDetails)" -ne 'MailUniversalSecurityGroup') {
        throw (New-ScopeError 'NoSecurityGroup' "$GroupName is a $($found[0].RecipientTypeDetails). A scope needs a mail-enabled security group: choose another -GroupName.")
    }
    $found[0]
}

function Get-ScopeMember([string]$GroupName) {
    Write-Verbose "Looking for the members of '$GroupName'."
    Get-DistributionGroupMember -Identity $GroupName -ResultSize Unlimited | ForEach-Object { $_ }
}

# The parameters of New-DistributionGroup: an address makes a group with that address.
function Get-NewGroup([string]$GroupName) {
    $name = ($GroupName -split '@')[0]
    $alias = ($name -replace '[^A-Za-z0-9._-]+', '-').Trim('.', '-') -replace '\.{2,}', '.'
    # A name without a letter of the alphabet still needs an alias, the same each time.
    if (-not $alias) { $alias = 'group-' + [Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($name))).Substring(0, 12).ToLowerInvariant() }
    $parameters = @{ Name = $name; Alias = $alias; Type = 'Security' }
    if ($GroupName -match '@') { $parameters.PrimarySmtpAddress = $GroupName }
    $parameters
}

# The switch by which an administrator changes a group that somebody else owns. Exchange hides it from roles that may not use it.
function Get-Bypass([string]$Command, [bool]$Owns) {
    $bypass = @{}
    if (-not $Owns -and (Get-Command $Command).Parameters.ContainsKey('BypassSecurityGroupManagerCheck')) { $bypass.BypassSecurityGroupManagerCheck = $true }
    $bypass
}

# Whether the group's owners name the person who is signed in, by whatever Exchange shows an owner.
function Test-GroupOwner($Group, [string]$Account) {
    $owners = @($Group.ManagedBy | Where-Object { $_ } | ForEach-Object { "$_"; ("$_" -split '/')[-1] })
    if ($Account -and $Account -in $owners) { return $true }
    if (-not $Account -or -not $owners) { return $false }
    Write-Verbose "Looking for $Account among the owners of the group."
    $person = @(Get-IfFound { Get-Recipient -Identity $Account })[0]
    $names = @($person.Name, $person.DisplayName, $person.Alias, $person.Guid, $person.ExternalDirectoryObjectId, $person.DistinguishedName, $person.PrimarySmtpAddress | Where-Object { $_ } | ForEach-Object { "$_" })
    @($owners | Where-Object { $_ -in $names }).Count -gt 0
}

function Test-NestedGroup($Recipient) { "$($Recipient.RecipientTypeDetails) $($Recipient.RecipientType)" -match 'Group|DistributionList' }

# Microsoft 365 groups and mailboxes on a server of one's own are called mailboxes, too, but Graph's mail API does not read them.
function Test-Mailbox($Recipient) {
    if (-not $Recipient.RecipientTypeDetails) { return "$($Recipient.RecipientType)" -eq 'UserMailbox' }
    "$($Recipient.RecipientTypeDetails)" -match 'Mailbox$' -and "$($Recipient.RecipientTypeDetails)" -notmatch '^(Group|Remote)'
}

function Get-MemberName($Recipient) { "$($Recipient.PrimarySmtpAddress ? $Recipient.PrimarySmtpAddress : $Recipient.Name)" }

# Every address that a recipient goes by: the primary one, sign-in names and aliases.
function Get-RecipientAddress($Recipient) {
    @($Recipient.PrimarySmtpAddress, $Recipient.WindowsLiveID, $Recipient.UserPrincipalName) + @($Recipient.EmailAddresses -replace '^smtp:') |
        Where-Object { "$_" -match '@' -and "$_" -notmatch '^\w+:' } | ForEach-Object { "$_" }
}

# Address -> recipient, so that looking up each of thousands costs the same.
function New-AddressIndex([object[]]$Recipients) {
    $index = [System.Collections.Generic.Dictionary[string, object]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($recipient in $Recipients) { foreach ($address in Get-RecipientAddress $recipient) { $index[$address] = $recipient } }
    $index
}

# The recipient behind each address, as Address and Recipient. Members are known already; the others are looked up one by one.
# Whatever is no mailbox stops here, all of them named.
function Resolve-Mailbox([string]$Parameter, [string[]]$Addresses, $Known) {
    $resolved = [System.Collections.Generic.List[object]]::new()
    $problems = [System.Collections.Generic.List[string]]::new()
    # Whoever may see mailboxes alone has the second only.
    $finder = (Test-Command Get-Recipient) -or -not (Test-Command Get-Mailbox) ? 'Get-Recipient' : 'Get-Mailbox'
    Invoke-WithProgress "Looking up the mailboxes of -$Parameter" $Addresses {
        param($address)
        $recipient = $null
        if (-not $Known.TryGetValue($address, [ref]$recipient)) {
            Write-Verbose "Looking for the mailbox $address."
            $found = @(Get-IfFound { & $finder -Identity $address })
            # Exchange also takes names as identity: what it returned has to go by this address.
            $other = @($found | Where-Object { $address -notin @(Get-RecipientAddress $_) })
            if ($found.Count -gt 1 -or $other) { $problems.Add("$address (Exchange answered with $(($found | ForEach-Object { Get-MemberName $_ }) -join ', '))"); return }
            $recipient = $found[0]
        }
        if (-not $recipient) { $problems.Add("$address (Exchange knows no such recipient)") }
        elseif (-not (Test-Mailbox $recipient)) { $problems.Add("$address (a $($recipient.RecipientTypeDetails ? $recipient.RecipientTypeDetails : $recipient.RecipientType))") }
        else { $resolved.Add([pscustomobject]@{ Address = $address; Recipient = $recipient }) }
    }
    if ($problems.Count) {
        throw (New-ScopeError 'NoMailbox' "Not a mailbox, though -$Parameter lists it: $($problems -join ', '). Only mailboxes can be readable or refused. For a group, list its members.")
    }
    $resolved
}

# Everybody inside the groups that are members, at any depth, each as Group (the outermost) and Recipient.
function Get-NestedMember([object[]]$Groups) {
    $seen = [System.Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($outer in $Groups) {
        $queue = [System.Collections.Generic.Queue[object]]::new(@($outer))
        while ($queue.Count) {
            $group = $queue.Dequeue()
            if (-not $seen.Add((Get-MemberName $group))) { continue }
            # Nobody can list a dynamic group's members as they will be, and those of a Microsoft 365 group go by another command.
            if ("$($group.RecipientTypeDetails)" -notmatch '^(MailUniversal|MailNonUniversal|Universal)') {
                throw (New-ScopeError 'OpaqueGroup' "$(Get-MemberName $group) is a $($group.RecipientTypeDetails) inside the group, and its members cannot be compared with -Denied. Take it out of the group (-Prune does), and name its mailboxes as -Member.")
            }
            foreach ($member in Get-ScopeMember (Get-MemberName $group)) {
                if (Test-NestedGroup $member) { $queue.Enqueue($member) } else { [pscustomobject]@{ Group = $outer; Recipient = $member } }
            }
        }
    }
}
