# Loads the module's functions. What is set here is the module's own: the session that imports it keeps its settings.
Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
# The cmdlets of Graph and Exchange live in modules of their own and do not see the line above. So each of their errors stops by this one.
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

$functions = 'Private', 'Public' | ForEach-Object { Get-ChildItem "$PSScriptRoot/$_/*.ps1" }
foreach ($function in $functions) { . $function.FullName }
Export-ModuleMember -Function ($functions | Where-Object { $_.Directory.Name -eq 'Public' }).BaseName
