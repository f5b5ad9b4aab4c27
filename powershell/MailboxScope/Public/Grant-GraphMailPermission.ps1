function Grant-GraphMailPermission {
    <#
    .SYNOPSIS
    Gives an identity an application permission on Microsoft Graph, Mail.ReadBasic by default.

    .DESCRIPTION
    Assigns the app role to the service principal of a managed identity or an app registration. The
    role itself reaches every mailbox. So make the application access policy first (Set-MailboxScope
    -Mechanism ApplicationAccessPolicy), and wait two hours in between: a policy takes an hour or
    more to be obeyed, and the first token of a fresh identity carries its role at once. With RBAC
    for Applications no such role is needed. It would override the scope, so it is refused while an
    RBAC assignment exists.

    A second run changes nothing. With -WhatIf the command shows what it would change.

    Sign in to both first, in this order, in one tenant:
      Connect-MgGraph -Scopes 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'
      Connect-ExchangeOnline
    Exchange is needed to see what restricts the app. A permission that reaches no mailbox needs no
    Exchange.

    .PARAMETER Identity
    The service principal, by object id, application (client) id or display name.

    .PARAMETER Permission
    Any application role that Microsoft Graph offers, by its value: Mail.ReadBasic,
    Mail.ReadBasic.All, Mail.Read, Mail.ReadWrite, the same of Calendars, Contacts and
    MailboxSettings, and others.

    .PARAMETER Force
    Grants although the role may open more than is meant: past an RBAC scope, or without a session
    in Exchange, where nothing shows a policy.

    .EXAMPLE
    Grant-GraphMailPermission -Identity mailscope-contoso

    Gives Mail.ReadBasic, the least that shows a subject.

    .EXAMPLE
    Grant-GraphMailPermission -Identity 6233fba6-0198-4277-892f-9275bf728bcc -Permission Mail.ReadWrite -WhatIf

    Says what would be changed, and changes nothing.

    .EXAMPLE
    Grant-GraphMailPermission mailscope-contoso -InformationAction Continue | ConvertTo-Json

    Shows each step, and hands out the result as JSON.

    .OUTPUTS
    MailboxScope.Permission: who holds which permission, and what was changed.

    .LINK
    Set-MailboxScope
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('MailboxScope.Permission')]
    param(
        [Parameter(Mandatory, Position = 0)]
        [ValidateScript({ "$_".Trim() }, ErrorMessage = 'Give an object id, an application id or a display name.')]
        [string]$Identity,

        [ArgumentCompleter({ param($Command, $Parameter, $Word) 'Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite', 'Calendars.ReadBasic.All', 'Calendars.Read', 'Calendars.ReadWrite', 'Contacts.Read', 'Contacts.ReadWrite', 'MailboxSettings.Read', 'MailboxSettings.ReadWrite' -like "$Word*" })]
        [ValidateScript({ Test-PermissionName $_ }, ErrorMessage = "'{0}' is not the name of a permission, such as Mail.ReadBasic.")]
        [string]$Permission = 'Mail.ReadBasic',

        [switch]$Force
    )
    # -ErrorAction of the caller must not carry a run past an error.
    $ErrorActionPreference = 'Stop'
    $run = New-Run $PSCmdlet
    $finished = $false
    try {
        $result = Invoke-Grant $run $Identity $Permission $Force
        $finished = $true
    } finally { if (-not $finished) { Write-Stop $run } }
    $result
}
