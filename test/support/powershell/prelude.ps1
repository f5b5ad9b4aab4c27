# Stand-ins for the cmdlets that PowerShell keeps outside its engine, with the real parameter names: what the scripts and their tests use.
function Write-Host { [CmdletBinding()] param([Parameter(Position = 0)][object]$Object) $PSCmdlet.WriteInformation("$Object", [string[]]'PSHOST') }
function Write-Warning { [CmdletBinding()] param([Parameter(Mandatory, Position = 0)][string]$Message) $PSCmdlet.WriteWarning($Message) }
function ConvertTo-Json { [CmdletBinding()] param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][AllowNull()][object]$InputObject, [int]$Depth = 2, [switch]$Compress)
    process { [Json]::To($InputObject, $Depth + 1) } }
function ConvertFrom-Json { [CmdletBinding()] param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][string]$InputObject) process { [Json]::Parse($InputObject) } }
