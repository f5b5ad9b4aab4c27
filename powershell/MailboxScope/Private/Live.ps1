# What the running Mailscope app tells.

# One GET to the Mailscope app. Never throws: Status (0 without an answer), Body (parsed), Problem (why there is no good answer).
function Invoke-Mailscope([string]$Url, [string]$Path, $FunctionKey) {
    # A redirect would carry the key elsewhere.
    $client = [System.Net.Http.HttpClient]::new([System.Net.Http.HttpClientHandler]@{ AllowAutoRedirect = $false })
    $client.Timeout = [timespan]::FromSeconds(60)
    if ($FunctionKey -is [securestring]) { $FunctionKey = [System.Net.NetworkCredential]::new('', $FunctionKey).Password }
    if ($FunctionKey) { $client.DefaultRequestHeaders.Add('x-functions-key', "$FunctionKey") }
    try {
        $answer = $client.GetAsync("$($Url.TrimEnd('/'))/api/$Path").GetAwaiter().GetResult()
        $text = $answer.Content.ReadAsStringAsync().GetAwaiter().GetResult()
        [pscustomobject]@{ Status = [int]$answer.StatusCode; Body = $(try { $text | ConvertFrom-Json } catch { $null }); Problem = $answer.ReasonPhrase }
    } catch {
        [pscustomobject]@{ Status = 0; Body = $null; Problem = $_.Exception.GetBaseException().Message }
    } finally { $client.Dispose() }
}

# An answer that says neither yes nor no, in one line.
function Get-AnswerText($Answer) { "status $($Answer.Status) $($Answer.Body.code) $($Answer.Body.detail ? $Answer.Body.detail : $Answer.Problem)" }

# Why a policy cannot go yet, nothing when it can: it is all that holds back a role that is granted, and a token that still has one which Entra
# gives no more. -Force stands for the proof about tokens; nothing here removes a policy over a role that is granted, or may be.
function Get-PolicyObstacle($Session, $Principal, [string]$MailscopeUrl, $FunctionKey, [bool]$Force) {
    if (-not $Session.Graph) { return 'Microsoft Graph is not connected, so nothing shows that no role is granted: connect it and run the same command again' }
    $granted = @(Get-HeldRole $Principal (Get-GraphPrincipal) | Where-Object { $_.Value -match $MailboxPermission } | ForEach-Object { $_.Value })
    if ($granted) { return "it also holds back $($granted -join ', '), which would reach every mailbox without it: take that role away first" }
    if ($Force) { return }
    if (-not $MailscopeUrl) { return 'nothing shows that no token has a read role any more: add -MailscopeUrl, or -Force a day after the role was taken away' }
    # The token of another app proves nothing. A run about any kind of data shows all roles of its token.
    $source = Get-LiveSource $Principal.AppId '' '' $MailscopeUrl $FunctionKey
    if ($source.Problem) { return "there is no proof that no token has a read role any more: $($source.Problem)" }
    Write-Verbose "Asking $MailscopeUrl for its latest run."
    $answer = Invoke-LiveSource $source 'runs?top=1'
    if ($answer.Status -ne 200) { return "Mailscope gave no list of runs (status $($answer.Status), $($answer.Problem)): check -MailscopeUrl and -FunctionKey" }
    Get-RunObstacle (@($answer.Body.value)[0]) ([datetimeoffset]::UtcNow)
}

# Why a run of Mailscope is no proof that no token has a role any more; nothing when it is one.
function Get-RunObstacle($Latest, [datetimeoffset]$Now) {
    if ($Latest.status -ne 'completed' -or $null -eq $Latest.roles -or -not $Latest.startedAt) { return "the latest run of Mailscope is not a completed one with the roles of its token (status: $($Latest.status)): start a run and try again" }
    # Without a control nothing shows that there was a token at all.
    if ($Latest.controlHeld -eq $false) { return 'in the latest run of Mailscope no allowed mailbox could be read, so it proves nothing: wait until one can, and try again' }
    # What an old run saw of a token says nothing about today's.
    if (($Now - [datetimeoffset]$Latest.startedAt).TotalHours -gt 1) { return "the latest run of Mailscope began at $($Latest.startedAt), more than an hour ago: start a run and try again" }
    $still = @($Latest.roles | Where-Object { $_ -match $MailboxPermission })
    if ($still) { return "the latest run of Mailscope still had $($still -join ', ') in its token: try again later, it may take a day" }
}
