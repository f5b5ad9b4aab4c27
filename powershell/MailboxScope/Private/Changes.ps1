# A run: what differed from the wish, what of it was changed, and how that is told.

# Each list holds sentences. Caller is the command whose -WhatIf and -Confirm decide.
function New-Run($Caller) {
    [pscustomobject]@{
        Caller      = $Caller
        WhatIf      = [bool]$WhatIfPreference
        Differences = [System.Collections.Generic.List[string]]::new()
        Changes     = [System.Collections.Generic.List[string]]::new()
        Declined    = [System.Collections.Generic.List[string]]::new()
    }
}

# Makes one change unless -WhatIf or an answer forbids it, and keeps its name. Hands out what the change returns.
# The modules of Graph and Exchange see no -WhatIf of ours, so the question is asked here. A block sees the names of these parameters, not its
# writer's variables of the same names.
function Invoke-Change($Run, [string]$Target, [string]$Action, [scriptblock]$Change, $Caller = $Run.Caller) {
    $sentence = "${Target}: $Action"
    $Run.Differences.Add($sentence)
    if (-not (Confirm-Change $Caller $Target $Action)) {
        if (-not $Run.WhatIf) { $Run.Declined.Add($sentence) }
        return
    }
    & $Change
    $Run.Changes.Add($sentence)
    Write-Information "changed  $sentence"
}

function Confirm-Change($Caller, [string]$Target, [string]$Action) {
    try { $Caller.ShouldProcess($Target, $Action) } catch {
        throw (New-ScopeError 'ConfirmationNeeded' "'${Target}: $Action' needs a yes, and nobody can be asked here. Look with -WhatIf first, then add -Confirm:`$false.")
    }
}

# One sentence that is true whatever was answered. What reads on after the name: 'scoped to mailscope-mailboxes by Rbac'.
function Get-Title($Run, [string]$Who, [string]$What) {
    $all = $Run.Differences.Count
    $declined = $Run.Declined.Count
    if (-not $all) { return "${Who}: $What, nothing to change" }
    if ($Run.WhatIf) { return "${Who}: would be $What, nothing was changed (-WhatIf)" }
    if (-not $Run.Changes.Count) { return "${Who}: not $What, nothing was changed ($declined of $all changes declined)" }
    if ($declined) { return "${Who}: only partly $What ($declined of $all changes declined)" }
    "${Who}: $What"
}

# The readable end of a run, on the information stream: the object alone goes down the pipeline.
function Write-Summary([string]$Title, [string[]]$Lines) {
    Write-Information $Title
    foreach ($line in $Lines) { Write-Information "  $line" }
}

# What a run that stops half-way has done: nobody may have to guess that.
function Write-Stop($Run) {
    if (-not $Run.Changes.Count) { return }
    Write-Warning "Stopped half-way. Run the same command again: it goes on from here. Done so far: $($Run.Changes -join '; ')."
}

# Calls a block for each item and shows how far it is.
function Invoke-WithProgress([string]$Activity, [object[]]$Items, [scriptblock]$Each) {
    $done = 0
    foreach ($item in $Items) {
        # A bar drawn for each item would cost more than the work.
        if ($Items.Count -ge 20 -and $done % [Math]::Ceiling($Items.Count / 100) -eq 0) {
            Write-Progress -Activity $Activity -Status "$done of $($Items.Count)" -PercentComplete (100 * $done / $Items.Count)
        }
        & $Each $item
        $done++
    }
    if ($Items.Count -ge 20) { Write-Progress -Activity $Activity -Completed }
}
