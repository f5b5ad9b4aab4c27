# What the commands take: pure tests of a value, each behind a sentence that says what is wrong.

# One or more addresses in a string, as `pwsh -File` hands a list over. Blank lines of a file are fine.
function Test-AddressList([string]$List) {
    foreach ($address in $List -split '[,;\s]+' -ne '') { if ($address -notmatch '^[^@<>"()*?]+@[^@<>"()*?]+$') { return $false } }
    $true
}

# What Exchange takes as a name, an alias or an address, but nothing that means several groups.
function Test-GroupName([string]$Name) {
    $Name.Trim() -ne '' -and $Name.Length -le 256 -and $Name -notmatch '[*?\x00-\x1f]' -and ($Name.Length -le 64 -or $Name -match '@')
}

# https, or http on this machine alone: a key travels with it.
function Test-AppUrl([string]$Url) { $Url -match '^(https://[^/\s]+|http://(localhost|127\.0\.0\.1)([:/]|$))' }

function Test-PermissionName([string]$Name) { $Name -match '^[A-Za-z-]+(\.[A-Za-z-]+)+$|^full_access_as_app$' }

# Addresses, each once, from strings that may list several.
function Split-Address([string[]]$List) {
    $seen = [System.Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($address in $List -split '[,;\s]+') { if ($address -and $seen.Add($address)) { $address } }
}

# The lines of a file without blank ones and comments (#).
function Get-FileAddress([string]$Path) {
    if (-not $Path) { return }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { throw (New-ScopeError 'NoSuchFile' "There is no file $Path.") }
    Get-Content -LiteralPath $Path | Where-Object { $_ -notmatch '^\s*(#|$)' }
}

# All addresses of a parameter and its file, each once. Checked here and not at the parameter: what a pipeline hands over wrong would only be left
# out there, and -Prune would then remove somebody.
function Read-Address([string]$Parameter, [string[]]$Given, [string]$Path) {
    $all = @($Given) + @(Get-FileAddress $Path)
    foreach ($text in $all) {
        if (-not (Test-AddressList $text)) { throw (New-ScopeError 'NoAddress' "-${Parameter}: '$text' is not an address such as support@contoso.example.") }
    }
    Split-Address $all
}
