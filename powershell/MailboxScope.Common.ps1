# Shared by the five mailbox scope scripts: checks the sign-in, looks things up, and makes changes.
# The cmdlets of Graph and Exchange are in modules, so they do not see -WhatIf or $ErrorActionPreference of a script. So each change calls
# ShouldProcess first, and a default parameter makes every error stop the script.

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

# The differences that were found, and those that this run has changed (none with -WhatIf), a sentence each.
$Differences = [System.Collections.Generic.List[string]]::new()
$Changes = [System.Collections.Generic.List[string]]::new()

. "$PSScriptRoot/MailboxScope.Entra.ps1"
. "$PSScriptRoot/MailboxScope.Exchange.ps1"
. "$PSScriptRoot/MailboxScope.Live.ps1"

# The administrator signs in, the scripts never do. Exchange's cmdlets exist only in a session.
function Assert-Connected {
    $graphHint = "Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'"
    $exists = { param($Name) [bool](Get-Command $Name -ErrorAction Ignore) }
    if (-not (& $exists Get-MgServicePrincipal)) { throw "Microsoft Graph PowerShell is missing. Run: Install-Module Microsoft.Graph.Applications, then $graphHint" }
    if ((& $exists Get-MgContext) -and -not (Get-MgContext)) { throw "Not connected to Microsoft Graph. Run: $graphHint" }
    $isConnected = if (& $exists Get-ConnectionInformation) { Get-ConnectionInformation | Where-Object { $_.State -eq 'Connected' } } else { & $exists Get-DistributionGroup }
    if (-not $isConnected) { throw 'Not connected to Exchange Online. Run: Connect-ExchangeOnline (if it is missing, first Install-Module ExchangeOnlineManagement)' }
}

# Returns what the lookup finds, or nothing if the directory says "not found". Every other error stops the script: Exchange hides cmdlets that
# an administrator's role does not cover, and a policy that cannot be looked up may still exist.
function Get-IfFound([scriptblock]$Lookup) {
    try { & $Lookup } catch [System.Management.Automation.CommandNotFoundException] { throw } catch {
        if ("$($_.FullyQualifiedErrorId) $_" -notmatch "NotFound|couldn't (be found|find)|could not (be found|find)|not found|does(n't| not) exist") { throw }
    }
}

# Makes one change unless -WhatIf or -Confirm forbids it, and records it. Returns the result of the change.
function Invoke-Change($Caller, [string]$Target, [string]$Action, [scriptblock]$Change) {
    $Differences.Add("${Target}: $Action")
    if (-not $Caller.ShouldProcess($Target, $Action)) { return }
    & $Change
    $Changes.Add("${Target}: $Action")
}

# Prints a summary for people. The object on the pipeline is for scripts.
function Write-Summary([string]$Title, [string[]]$Lines) {
    Write-Host $Title
    if ($WhatIfPreference) { Write-Host '  nothing was changed (-WhatIf)' }
    elseif (-not $Changes.Count) { Write-Host '  nothing to change' }
    foreach ($change in $Changes) { Write-Host "  changed  $change" }
    foreach ($line in $Lines) { Write-Host "  $line" }
}

# Splits strings that may list several addresses. Returns each address once.
function Split-Address([string[]]$List) {
    $seen = [System.Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($address in $List -split '[,;\s]+') { if ($address -and $seen.Add($address)) { $address } }
}
