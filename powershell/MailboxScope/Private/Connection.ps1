# Who is signed in where. The sessions are the administrator's own: nothing here signs in.

$GraphHint = "Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'"

function Test-Command([string]$Name) { [bool](Get-Command $Name -ErrorAction Ignore) }

# Looks without loading a module: Graph and Exchange in one process may break each other, so nothing is loaded that nobody asked for.
# A pattern, because Get-Command loads a module for an exact name even with -ListImported.
function Test-LoadedCommand([string]$Name) { [bool](Get-Command "[$($Name[0])]$($Name.Substring(1))" -ListImported -ErrorAction Ignore) }

# What is signed in, and that both are one tenant: TenantId, Graph and Exchange (whether it is there),
# ExchangeAccount.
# Each of -Graph and -Exchange is Needed (an error without it) or Optional (used where it is).
function Get-Session([ValidateSet('Needed', 'Optional')][string]$Graph, [ValidateSet('Needed', 'Optional')][string]$Exchange) {
    $graphSide = Get-GraphSide ($Graph -eq 'Needed')
    $exchangeSide = Get-ExchangeSide ($Exchange -eq 'Needed')
    $tenants = @($graphSide, $exchangeSide | Where-Object { $_ } | ForEach-Object { $_.TenantId })
    if ($tenants.Count -eq 2 -and $tenants -contains '') {
        throw (New-ScopeError 'TenantUnknown' 'One of the two sessions does not say which tenant it is signed in to, so they cannot be compared. Sign in again: Disconnect-MgGraph, Connect-MgGraph, Disconnect-ExchangeOnline, Connect-ExchangeOnline.')
    }
    if ($tenants.Count -eq 2 -and $tenants[0] -ne $tenants[1]) {
        throw (New-ScopeError 'TwoTenants' "Microsoft Graph is signed in to tenant $($tenants[0]) ($($graphSide.Account)), Exchange Online to tenant $($tenants[1]) ($($exchangeSide.Account)). Both have to be one tenant: nothing was changed.")
    }
    $accounts = @($graphSide.Account, $exchangeSide.Account | Where-Object { $_ } | Select-Object -Unique)
    Write-Information "tenant $(@($tenants)[0]) ($($accounts -join ', '))"
    [pscustomobject]@{ TenantId = @($tenants)[0]; Graph = [bool]$graphSide; Exchange = [bool]$exchangeSide; ExchangeAccount = $exchangeSide.Account }
}

function Get-GraphSide([bool]$Needed) {
    if ($Needed -and -not (Test-Command Get-MgServicePrincipal)) {
        throw (New-ScopeError 'GraphMissing' "Microsoft Graph PowerShell is missing. Run: Install-Module Microsoft.Graph.Applications, then $GraphHint")
    }
    Write-Verbose 'Looking for a session in Microsoft Graph.'
    $context = if ($Needed ? (Test-Command Get-MgContext) : (Test-LoadedCommand Get-MgContext)) { Get-MgContext }
    if ($context) { return New-Side $context.TenantId ($context.Account ?? $context.ClientId) }
    if ($Needed) { throw (New-ScopeError 'GraphNotConnected' "Not connected to Microsoft Graph. Run: $GraphHint") }
}

function Get-ExchangeSide([bool]$Needed) {
    Write-Verbose 'Looking for a session in Exchange Online.'
    $there = $Needed ? (Test-Command Get-ConnectionInformation) : (Test-LoadedCommand Get-ConnectionInformation)
    $connections = @(if ($there) { Get-ConnectionInformation | Where-Object { -not (Test-ComplianceConnection $_) } })
    $tenants = @($connections | ForEach-Object { "$($_.TenantID -as [guid])" } | Select-Object -Unique)
    if ($tenants.Count -gt 1) {
        throw (New-ScopeError 'TwoTenants' "Exchange Online is connected to several tenants ($($tenants -join ', ')). Run Disconnect-ExchangeOnline, then Connect-ExchangeOnline for one.")
    }
    $alive = @($connections | Where-Object { Test-AliveConnection $_ })
    if ($alive) { return New-Side $alive[0].TenantID $alive[0].UserPrincipalName }
    # A session that has run out is a mistake, also where none is needed: somebody believes to be signed in.
    if ($connections) { throw (New-ScopeError 'ExchangeExpired' 'Not connected to Exchange Online: the session there has expired. Run: Disconnect-ExchangeOnline, then Connect-ExchangeOnline') }
    if (-not $Needed) { return }
    if ($there -and (Get-ConnectionInformation)) {
        throw (New-ScopeError 'ExchangeNotConnected' 'Not connected to Exchange Online: the only session is one of Security & Compliance PowerShell. Run: Connect-ExchangeOnline')
    }
    throw (New-ScopeError 'ExchangeNotConnected' 'Not connected to Exchange Online. Run: Connect-ExchangeOnline (Install-Module ExchangeOnlineManagement where it is missing)')
}

function New-Side($TenantId, $Account) { [pscustomobject]@{ TenantId = "$($TenantId -as [guid])"; Account = "$Account" } }

# Connect-IPPSSession shares Get-ConnectionInformation with Exchange Online, but has none of its policies and roles for applications.
function Test-ComplianceConnection($Connection) {
    "$($Connection.IsEopSession)" -eq 'True' -or $Connection.Name -like 'ExchangeOnlineProtection*' -or $Connection.ConnectionUri -match 'compliance'
}

function Test-AliveConnection($Connection) {
    if ("$($Connection.State)" -ne 'Connected') { return $false }
    if ($Connection.TokenStatus) { return "$($Connection.TokenStatus)" -eq 'Active' }
    -not $Connection.TokenExpiryTimeUTC -or ([datetimeoffset]$Connection.TokenExpiryTimeUTC) -gt [datetimeoffset]::UtcNow
}
