function Move-MailboxScope {
    <#
    .SYNOPSIS
    Moves an identity from a policy to RBAC, with no moment in which every mailbox is readable.

    .DESCRIPTION
    Two phases; the same command takes the next one:
      1. RBAC is set up over the policy's group, then the read roles in Entra are taken away. The policy stays: a token in use may still hold the role.
      2. The policy goes, once the latest run of Mailscope (-MailscopeUrl) shows no read role in its token any more. That may take a day.
    RBAC counts direct members only: groups inside the group are named, and stop the move before its
    first change unless -AcceptLockout. A policy for every app (-AppId *) is never removed.

    The command asks before each change. In a pipeline, look with -WhatIf first, then add
    -Confirm:$false.

    Sign in to both first, in this order, in one tenant:
      Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'
      Connect-ExchangeOnline

    .PARAMETER Identity
    The service principal, by object id, application (client) id or display name.

    .PARAMETER GroupName
    The mail-enabled security group of the policy, by name, alias or address. The management scope
    is named after it.

    .PARAMETER Permission
    What the RBAC role allows.

    .PARAMETER MailscopeUrl
    The address of the Mailscope app, whose latest run tells what its token holds. Mailscope has to
    run as this same identity, or have a scope that does: that scope is asked.

    .PARAMETER FunctionKey
    A function key of that app, best as a SecureString.

    .PARAMETER AcceptLockout
    Goes on although members of nested groups or of another policy's group are locked out. The
    policy goes with proof all the same.

    .PARAMETER Force
    Phase 2: removes the policy without proof. Wait a day before that. It does not answer the
    questions: -Confirm:$false does.

    .EXAMPLE
    Move-MailboxScope -Identity mailscope-contoso -GroupName mailscope-mailboxes

    Phase 1: RBAC comes, the role in Entra goes.

    .EXAMPLE
    Move-MailboxScope -Identity mailscope-contoso -GroupName mailscope-mailboxes -MailscopeUrl https://mailscope-contoso.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)

    Phase 2, the next day: the policy goes if the latest run proves that nothing needs it.

    .OUTPUTS
    MailboxScope.Move: Phase 1, 2 or Done, nested groups, whether the policy is still there, and
    what was changed.

    .LINK
    Set-MailboxScope

    .LINK
    Remove-MailboxScope
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('MailboxScope.Move')]
    param(
        [Parameter(Mandatory, Position = 0)]
        [ValidateScript({ "$_".Trim() }, ErrorMessage = 'Give an object id, an application id or a display name.')]
        [string]$Identity,

        [ValidateScript({ Test-GroupName $_ }, ErrorMessage = "'{0}' cannot name one group. Take a name of up to 64 characters without * and ?, or an address.")]
        [string]$GroupName = 'mailscope-mailboxes',

        [ValidateSet('Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite', ErrorMessage = "'{0}' is none of Mail.ReadBasic, Mail.ReadBasic.All, Mail.Read and Mail.ReadWrite.")]
        [string]$Permission = 'Mail.ReadBasic',

        [ValidateScript({ Test-AppUrl $_ }, ErrorMessage = "'{0}' is not an https address (http only for localhost): a key travels with it.")]
        [string]$MailscopeUrl,

        [ValidateScript({ $_ -is [securestring] -or $_ -is [string] }, ErrorMessage = 'A function key is text or a SecureString: (Read-Host -AsSecureString).')]
        [object]$FunctionKey,

        [switch]$AcceptLockout,

        [switch]$Force
    )
    # -ErrorAction of the caller must not carry a run past an error.
    $ErrorActionPreference = 'Stop'
    $run = New-Run $PSCmdlet
    $finished = $false
    try {
        $wish = [pscustomobject]@{ GroupName = $GroupName; Permission = $Permission; MailscopeUrl = $MailscopeUrl; FunctionKey = $FunctionKey; AcceptLockout = [bool]$AcceptLockout; Force = [bool]$Force }
        $result = Invoke-Move $run $wish $Identity
        $finished = $true
    } finally { if (-not $finished) { Write-Stop $run } }
    $result
}
