# Runs scripts against stand-ins of the cmdlets, many cases in one process: JSON in, JSON out.
#
# A case: `script`, `stubs` (files), `setup` (PowerShell that changes $Tenant), and `runs`, each the parameters of one call in turn.
# Its result: of each run the calls of stand-ins, warnings, what was told, the error that ended it, and what it put out.
param([string]$CasesFile, [string]$ResultsFile)
$ErrorActionPreference = 'Stop'

# `#Requires -Modules X` holds when there is a module X.
$modules = [System.IO.Directory]::CreateTempSubdirectory('mailscope-').FullName
foreach ($module in 'Microsoft.Graph.Applications', 'ExchangeOnlineManagement') {
    $folder = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($modules, $module)).FullName
    [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, "$module.psd1"), "@{ ModuleVersion = '99.0' }")
}
$env:PSModulePath = "$modules$([System.IO.Path]::PathSeparator)$env:PSModulePath"

function Invoke-Run([string]$Script, $Parameters) {
    $given = @{}
    foreach ($one in $Parameters.PSObject.Properties) { $given[$one.Name] = $one.Value }
    $global:Calls = [System.Collections.Generic.List[object]]::new()
    $streams = @{ warnings = @(); told = @(); output = @(); error = $null }
    try {
        foreach ($one in @(& $Script @given 3>&1 6>&1)) {
            if ($one -is [System.Management.Automation.WarningRecord]) { $streams.warnings += $one.Message }
            elseif ($one -is [System.Management.Automation.InformationRecord]) { $streams.told += "$($one.MessageData)" }
            else { $streams.output += $one }
        }
    }
    catch { $streams.error = "$_" }
    $streams.calls = @($global:Calls)
    $streams
}

$results = foreach ($case in @([System.IO.File]::ReadAllText($CasesFile) | ConvertFrom-Json)) {
    # In a module, as the real cmdlets are: they do not see the preferences of the script.
    New-Module -Name stubs -ScriptBlock ([scriptblock]::Create(". '$($case.stubs)'")) | Import-Module -Global -Force
    if ($case.setup) { & ([scriptblock]::Create($case.setup)) }
    @{ runs = @(foreach ($parameters in @($case.runs)) { Invoke-Run $case.script $parameters }) }
}
[System.IO.File]::WriteAllText($ResultsFile, (ConvertTo-Json -InputObject @($results) -Depth 12 -Compress))
[System.IO.Directory]::Delete($modules, $true)
