# What the five mailbox scope scripts share: who is signed in, and how a thing is looked up and changed.
# The cmdlets of Graph and Exchange live in modules: they see neither -WhatIf nor $ErrorActionPreference of a script. So each change asks
# ShouldProcess first, and a default parameter makes every error stop the script.

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

# What differed from the wish, and what of it this run has changed (-WhatIf: nothing), a sentence each.
$Differences = [System.Collections.Generic.List[string]]::new()
$Changes = [System.Collections.Generic.List[string]]::new()

. "$PSScriptRoot/MailboxScope.Entra.ps1"
. "$PSScriptRoot/MailboxScope.Exchange.ps1"
. "$PSScriptRoot/MailboxScope.Live.ps1"

# Both sessions are the administrator's own: no script signs in. Exchange's cmdlets exist only in a session.
function Assert-Connected {
    $graphHint = "Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'"
    $exists = { param($Name) [bool](Get-Command $Name -ErrorAction Ignore) }
    if (-not (& $exists Get-MgServicePrincipal)) { throw "Microsoft Graph PowerShell is missing. Run: Install-Module Microsoft.Graph.Applications, then $graphHint" }
    if ((& $exists Get-MgContext) -and -not (Get-MgContext)) { throw "Not connected to Microsoft Graph. Run: $graphHint" }
    $isConnected = if (& $exists Get-ConnectionInformation) { Get-ConnectionInformation | Where-Object { $_.State -eq 'Connected' } } else { & $exists Get-DistributionGroup }
    if (-not $isConnected) { throw 'Not connected to Exchange Online. Run: Connect-ExchangeOnline (Install-Module ExchangeOnlineManagement where it is missing)' }
}

# What the lookup finds, or nothing where the directory says that there is no such thing. Every other error stays one: Exchange hides the
# cmdlets that an administrator's role does not cover, and a policy that cannot be looked up is not a policy that is gone.
function Get-IfFound([scriptblock]$Lookup) {
    try { & $Lookup } catch [System.Management.Automation.CommandNotFoundException] { throw } catch {
        if ("$($_.FullyQualifiedErrorId) $_" -notmatch "NotFound|couldn't (be found|find)|could not (be found|find)|not found|does(n't| not) exist") { throw }
    }
}

# Makes one change unless -WhatIf or -Confirm forbid it, and keeps its name. Hands out what the change returns.
function Invoke-Change($Caller, [string]$Target, [string]$Action, [scriptblock]$Change) {
    $Differences.Add("${Target}: $Action")
    if (-not $Caller.ShouldProcess($Target, $Action)) { return }
    & $Change
    $Changes.Add("${Target}: $Action")
}

# The readable end of a run, beside the object on the pipeline.
function Write-Summary([string]$Title, [string[]]$Lines) {
    Write-Host $Title
    if ($WhatIfPreference) { Write-Host '  nothing was changed (-WhatIf)' }
    elseif (-not $Changes.Count) { Write-Host '  nothing to change' }
    foreach ($change in $Changes) { Write-Host "  changed  $change" }
    foreach ($line in $Lines) { Write-Host "  $line" }
}

# Addresses, each once, from strings that may list several.
function Split-Address([string[]]$List) {
    $seen = [System.Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($address in $List -split '[,;\s]+') { if ($address -and $seen.Add($address)) { $address } }
}
