function Remove-MailboxScope {
    <#
    .SYNOPSIS
    Takes away what the other commands made, in the order that never opens anything.

    .DESCRIPTION
    First the roles in Entra that read mail, then the RBAC assignments over the group, the
    management scope and the service principal in Exchange, then the application access policy, and
    with -RemoveGroup the group. A policy is all that holds back a token that still has the role,
    which may last a day. So policy and group stay until the latest run of Mailscope (-MailscopeUrl)
    shows no read role in its token any more, or -Force says so: the same command again, a day
    later.

    Only what is this app's and this group's goes: RBAC roles that read, a scope that is about this
    group alone and that nobody else uses, and policies for this application id. Everything else is
    left and named.

    The command asks before each change. In a pipeline, look with -WhatIf first, then add
    -Confirm:$false.

    Sign in to both first, in this order, in one tenant:
      Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'
      Connect-ExchangeOnline
    With -ObjectId and -ApplicationId, Connect-ExchangeOnline alone takes RBAC away. Roles in Entra
    and policies stay then.

    .PARAMETER Identity
    The service principal, by object id, application (client) id or display name. With both ids
    given it is only a name, and may be left out.

    .PARAMETER ObjectId
    The object id of the service principal (of the enterprise application, not of the app
    registration). With -ApplicationId, Graph is not needed.

    .PARAMETER ApplicationId
    The application (client) id of the service principal.

    .PARAMETER GroupName
    The mail-enabled security group of the scope, by name, alias or address.

    .PARAMETER RemoveGroup
    Removes the group as well, unless another policy is about it.

    .PARAMETER MailscopeUrl
    The address of the Mailscope app, whose latest run tells what its token holds. Mailscope has to
    run as this same identity, or have a scope that does: that scope is asked.

    .PARAMETER FunctionKey
    A function key of that app, best as a SecureString.

    .PARAMETER Force
    Removes the policy without proof: a day after the role was taken away, or when nothing runs as
    this identity any more. Never in the run that takes the role away. It does not answer the
    questions: -Confirm:$false does.

    .EXAMPLE
    Remove-MailboxScope -Identity mailscope-contoso -GroupName mailscope-mailboxes -WhatIf

    Says what would go, and what would stay.

    .EXAMPLE
    Remove-MailboxScope -Identity mailscope-contoso -GroupName mailscope-mailboxes -Confirm:$false

    Takes roles and RBAC away without questions; a policy stays.

    .EXAMPLE
    Remove-MailboxScope -Identity mailscope-contoso -GroupName mailscope-mailboxes -RemoveGroup -Force

    The next day: the policy and the group.

    .OUTPUTS
    MailboxScope.Removal: what is left, and what was changed.

    .LINK
    Set-MailboxScope
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High', DefaultParameterSetName = 'ByIdentity')]
    [OutputType('MailboxScope.Removal')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'ByIdentity')]
        [Parameter(Position = 0, ParameterSetName = 'ByIds')]
        [ValidateScript({ "$_".Trim() }, ErrorMessage = 'Give an object id, an application id or a display name.')]
        [string]$Identity,

        [Parameter(Mandatory, ParameterSetName = 'ByIds')]
        [ValidateScript({ $_ -as [guid] }, ErrorMessage = "'{0}' is not an id such as 6233fba6-0198-4277-892f-9275bf728bcc.")]
        [string]$ObjectId,

        [Parameter(Mandatory, ParameterSetName = 'ByIds')]
        [Alias('AppId', 'ClientId')]
        [ValidateScript({ $_ -as [guid] }, ErrorMessage = "'{0}' is not an id such as 6233fba6-0198-4277-892f-9275bf728bcc.")]
        [string]$ApplicationId,

        [ValidateScript({ Test-GroupName $_ }, ErrorMessage = "'{0}' cannot name one group. Take a name of up to 64 characters without * and ?, or an address.")]
        [string]$GroupName = 'mailscope-mailboxes',

        [switch]$RemoveGroup,

        [ValidateScript({ Test-AppUrl $_ }, ErrorMessage = "'{0}' is not an https address (http only for localhost): a key travels with it.")]
        [string]$MailscopeUrl,

        [ValidateScript({ $_ -is [securestring] -or $_ -is [string] }, ErrorMessage = 'A function key is text or a SecureString: (Read-Host -AsSecureString).')]
        [object]$FunctionKey,

        [switch]$Force
    )
    # -ErrorAction of the caller must not carry a run past an error.
    $ErrorActionPreference = 'Stop'
    $run = New-Run $PSCmdlet
    $finished = $false
    try {
        $wish = [pscustomobject]@{ GroupName = $GroupName; RemoveGroup = [bool]$RemoveGroup; MailscopeUrl = $MailscopeUrl; FunctionKey = $FunctionKey; Force = [bool]$Force }
        $result = Invoke-Remove $run $wish $Identity $ObjectId $ApplicationId
        $finished = $true
    } finally { if (-not $finished) { Write-Stop $run } }
    $result
}
