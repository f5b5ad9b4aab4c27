# Application access policies: whose they are, and what they are about.

# All that apply to the app: keyed by its application id, also for a managed identity. '*' is every app.
# It lists, so an error of it is never taken for "there is none".
function Get-AppPolicy($Principal) {
    Write-Verbose 'Looking for application access policies in Exchange.'
    foreach ($policy in Get-ApplicationAccessPolicy) {
        if ("$($policy.AppId)" -in $Principal.AppId, '*') {
            if ("$($policy.IsValid)" -eq 'False') { Write-Warning "Exchange calls the policy $($policy.Identity) not valid, so it may hold nobody back. Its group may be gone." }
            $policy
        }
        if ("$($policy.AppId)" -eq $Principal.Id) {
            Write-Warning "The policy $($policy.Identity) names the object id $($Principal.Id) and holds nobody back: policies go by the application id $($Principal.AppId). Remove it with Remove-ApplicationAccessPolicy."
        }
    }
}

function Test-Deny($Policy) { "$($Policy.AccessRight)" -eq 'DenyAccess' }

function Test-EveryApp($Policy) { "$($Policy.AppId)" -eq '*' }

# What Set-MailboxScope writes into a policy.
function Get-PolicyDescription([string]$GroupName) { "Mailscope: restrict to the members of $GroupName" }

# Whether the policy is about this group. Its id decides where the policy tells one: ScopeIdentityRaw is 'SID;object id in Entra'. Only without one
# its names do: ScopeIdentity is the group's Name, which is unique. Display names are not, but older policies tell no more.
# A policy that tells nothing is not ours.
function Test-PolicyOfGroup($Policy, $Group, [string]$GroupName) {
    $ids = @([regex]::Matches("$($Policy.ScopeIdentityRaw)", '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') | ForEach-Object { $_.Value })
    $own = @($Group.Guid, $Group.ExternalDirectoryObjectId | Where-Object { $_ } | ForEach-Object { "$_" })
    if ($ids | Where-Object { $_ -in $own }) { return $true }
    if ($ids -and $Group.ExternalDirectoryObjectId) { return $false }
    $unique = @($Group.Name, $Group.DistinguishedName, $Group.Alias, $Group.PrimarySmtpAddress | Where-Object { $_ } | ForEach-Object { "$_" })
    if ($Policy.ScopeIdentity -and $unique) { return "$($Policy.ScopeIdentity)" -in $unique + "$($Group.DisplayName)" }
    $names = $unique + @($GroupName, $Group.DisplayName | Where-Object { $_ } | ForEach-Object { "$_" })
    "$($Policy.ScopeName)" -ne '' -and "$($Policy.ScopeName)" -in $names -or (-not $Group -and $Policy.Description -eq (Get-PolicyDescription $GroupName))
}

function Get-PolicyName($Policy) {
    $over = @($Policy.ScopeName, $Policy.ScopeIdentity | Where-Object { $_ })[0]
    "$($Policy.AccessRight) over $($over ? $over : 'an unknown group') ($($Policy.Identity))$((Test-EveryApp $Policy) ? ', for every app' : '')"
}
