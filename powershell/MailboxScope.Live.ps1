# Asks the running Mailscope app; dot-sourced by MailboxScope.Common.ps1.

# Sends one GET to the Mailscope app. Never throws. Returns Status (0 without an answer), Body (parsed) and Problem (why it failed).
function Invoke-Mailscope([string]$Url, [string]$Path, $FunctionKey) {
    # A redirect would send the key to another address.
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

# Returns why a policy must stay, or nothing if it can be removed. The policy limits a role that is granted, and also an old token whose role
# was removed in Entra. -Force replaces the proof about tokens, but no script removes a policy while a role is granted.
# Reads -Force, -MailscopeUrl and -FunctionKey of the script.
function Get-PolicyObstacle($Principal) {
    $granted = @(Get-HeldRole $Principal (Get-GraphPrincipal) | Where-Object { $_.Value -match $MailboxPermission } | ForEach-Object { $_.Value })
    if ($granted) { return "it also limits $($granted -join ', '), which would reach every mailbox without it. Remove that role first" }
    if ($Force) { return }
    if (-not $MailscopeUrl) { return 'nothing proves that all tokens have lost the read role. Add -MailscopeUrl, or add -Force a day after the role was removed' }
    $answer = Invoke-Mailscope $MailscopeUrl 'runs?top=1' $FunctionKey
    if ($answer.Status -ne 200) { return "Mailscope returned no list of runs (status $($answer.Status), $($answer.Problem)). Check -MailscopeUrl and -FunctionKey" }
    $run = $answer.Body.value | ForEach-Object { $_ }
    if ($run.status -ne 'completed' -or $null -eq $run.roles -or -not $run.startedAt) { return "the latest run of Mailscope is not completed, or lacks the roles of its token (status: $($run.status)). Start a run and try again" }
    # Without a control, nothing proves that the run had a token at all.
    if ($run.controlHeld -eq $false) { return 'the latest run of Mailscope could not read an allowed mailbox, so it proves nothing. Wait until a run can, and try again' }
    # An old run proves nothing about the present token.
    if (([datetimeoffset]::UtcNow - [datetimeoffset]$run.startedAt).TotalHours -gt 1) { return "the latest run of Mailscope began at $($run.startedAt), more than an hour ago. Start a run and try again" }
    $still = @($run.roles | Where-Object { $_ -match $MailboxPermission })
    if ($still) { return "the latest run of Mailscope still had $($still -join ', ') in its token. Try again later, it can take a day" }
}
