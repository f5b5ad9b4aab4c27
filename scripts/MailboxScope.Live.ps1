# What the running Mailscope app tells; dot-sourced by MailboxScope.Common.ps1.

# One GET to the Mailscope app. Never throws: Status (0 without an answer), Body (parsed), Problem (why there is no answer).
function Invoke-Mailscope([uri]$Url, [string]$Path, $FunctionKey) {
    $headers = @{}
    if ($FunctionKey -is [securestring]) { $FunctionKey = [System.Net.NetworkCredential]::new('', $FunctionKey).Password }
    if ($FunctionKey) { $headers['x-functions-key'] = "$FunctionKey" }
    try {
        $body = Invoke-RestMethod -Method Get -Uri "$("$Url".TrimEnd('/'))/api/$Path" -Headers $headers -TimeoutSec 60
        [pscustomobject]@{ Status = 200; Body = $body; Problem = $null }
    } catch {
        $problem = $_
        $body = try { $problem.ErrorDetails.Message | ConvertFrom-Json } catch { $null }
        [pscustomobject]@{ Status = [int]$problem.Exception.Response.StatusCode; Body = $body; Problem = $problem.Exception.Message }
    }
}

# Why a policy cannot go yet, nothing when it can: it is all that holds back a token which still has a role that Entra gives no more.
# Reads -Force, -MailscopeUrl and -FunctionKey of the script.
function Get-PolicyObstacle($Held) {
    if ($Force) { return }
    $other = @(Get-OtherMailboxRole $Held)
    if ($other) { return "it also holds back $($other -join ', '), which would reach every mailbox without it: take that role away first, or add -Force" }
    if (-not $MailscopeUrl) { return 'nothing shows that no token has a read role any more: add -MailscopeUrl, or -Force a day after the role was taken away' }
    $answer = Invoke-Mailscope $MailscopeUrl 'runs?top=1' $FunctionKey
    if ($answer.Status -ne 200) { return "Mailscope gave no list of runs (status $($answer.Status), $($answer.Problem)): check -MailscopeUrl and -FunctionKey" }
    $run = $answer.Body.value | ForEach-Object { $_ }
    if ($run.status -ne 'completed' -or $null -eq $run.roles) { return "the latest run of Mailscope is not a completed one with the roles of its token (status: $($run.status)): start a run and try again" }
    $still = @($run.roles | Where-Object { $_ -in $ReadPermissions })
    if ($still) { return "the latest run of Mailscope still had $($still -join ', ') in its token: try again later, it may take a day" }
}
