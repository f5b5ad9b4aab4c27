# Which scope of a Mailscope app gives live answers: a scope is one identity and one kind of data.

# Where live answers come from: Url, FunctionKey, Kind, Scope (a name; nothing in a version without scopes), and Problem (why nobody can be asked).
# Without a kind, any scope of the app will do. Without a name, the scope is chosen.
function Get-LiveSource([string]$AppId, [string]$Kind, [string]$Name, [string]$Url, $FunctionKey) {
    $source = [pscustomobject]@{ Url = $Url; FunctionKey = $FunctionKey; Kind = $Kind; Scope = $null; Problem = $null }
    Write-Verbose "Asking $Url for its scopes."
    $answer = Invoke-Mailscope $Url 'scopes' $FunctionKey
    if ($answer.Status -eq 404) {
        if ($Name) { throw (New-ScopeError 'NoSuchScope' "$Url has no list of scopes: it is an earlier version of Mailscope, or not Mailscope. Leave out -Scope, or correct -MailscopeUrl.") }
        Write-Verbose "$Url has no list of scopes, as in an earlier version of Mailscope: it is asked without one."
        return $source
    }
    if ($answer.Status -ne 200 -or $null -eq $answer.Body.value) {
        $source.Problem = "Mailscope gave no list of scopes ($(Get-AnswerText $answer)): check -MailscopeUrl and -FunctionKey"
        return $source
    }
    $scopes = @($answer.Body.value)
    $scope, $source.Problem = $Name ? (Get-NamedScope $scopes $AppId $Kind $Name) : (Select-LiveScope $scopes $AppId $Kind)
    if ($scope) {
        $source.Scope = $scope.name
        Write-Verbose "Live answers come from scope $(Get-ScopeList $scope)."
        if (-not $scope.identity.clientId) { Write-Verbose "Mailscope does not know the client id of this identity, so it may be another than $AppId." }
    }
    $source
}

# The scope with this name, or why it says nothing of this app and this kind. An answer about another app would look like a proof.
function Get-NamedScope($Scopes, [string]$AppId, [string]$Kind, [string]$Name) {
    $scope = @($Scopes | Where-Object { $_.name -eq $Name })[0]
    if (-not $scope) { throw (New-ScopeError 'NoSuchScope' "Mailscope has no scope '$Name'. There are $(Get-ScopeList $Scopes).") }
    if ($scope.resource -eq $Kind -and ($scope.identity.clientId -in $null, $AppId)) { return $scope, $null }
    $null, "scope $(Get-ScopeList $scope) does not ask for $Kind as $AppId"
}

# The scope that asks for this kind as this app, or why there is none.
function Select-LiveScope($Scopes, [string]$AppId, [string]$Kind) {
    $ofKind = @($Scopes | Where-Object { -not $Kind -or $_.resource -eq $Kind })
    $fit = @($ofKind | Where-Object { $_.identity.clientId -eq $AppId })
    # A system-assigned identity has no client id in the settings, so it may be this app. A developer is a person.
    if (-not $fit) { $fit = @($ofKind | Where-Object { $_.identity.kind -eq 'managed-identity' -and -not $_.identity.clientId }) }
    if (-not $fit) { return $null, "no scope of Mailscope asks $($Kind ? "for $Kind " : '')as $AppId. There are $(Get-ScopeList $Scopes)" }
    if ($fit.Count -gt 1) { Write-Verbose "Several scopes fit, and the first is asked: $(Get-ScopeList $fit)." }
    $fit[0], $null
}

# Such as: default (mail, identity 71487acd-…), rooms (calendar, managed-identity without a client id).
function Get-ScopeList($Scopes) {
    $texts = foreach ($scope in $Scopes) {
        $who = $scope.identity.clientId ? "identity $($scope.identity.clientId)" : "$($scope.identity.kind) without a client id"
        "$($scope.name) ($($scope.resource ? "$($scope.resource), $who" : 'its settings have faults'))"
    }
    $texts -join ', '
}

# One GET to a route of the source, of its scope.
function Invoke-LiveSource($Source, [string]$Path) {
    $query = $Source.Scope ? "$($Path.Contains('?') ? '&' : '?')scope=$([uri]::EscapeDataString($Source.Scope))" : ''
    Invoke-Mailscope $Source.Url "$Path$query" $Source.FunctionKey
}
