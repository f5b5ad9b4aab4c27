function Set-MailboxScope {
    <#
    .SYNOPSIS
    Restricts an identity to the mailboxes of a mail-enabled security group.

    .DESCRIPTION
    Makes or reuses the group, makes the given mailboxes its members, then ties identity and group
    together:
      Rbac                     service principal in Exchange, management scope, role assignment. For new set-ups. No permission in Entra is needed.
      ApplicationAccessPolicy  a RestrictAccess policy. The permission comes two hours later: Grant-GraphMailPermission.
    In this order nothing is readable at any moment that was not before, but the given members. A
    run that failed half-way is completed by the next one, and a run over a complete set-up changes
    nothing.

    Only mailboxes are taken as members. Groups inside the group count under a policy: the command
    looks through them for denied mailboxes. A management scope, a policy or an assignment of
    somebody else is never changed.

    Sign in first, in one tenant:
      Connect-MgGraph -Scopes 'Application.Read.All'
      Connect-ExchangeOnline
    With -ObjectId and -ApplicationId, Connect-ExchangeOnline alone is enough.

    .PARAMETER Identity
    The service principal, by object id, application (client) id or display name. With both ids
    given it is only a name, and may be left out.

    .PARAMETER ObjectId
    The object id of the service principal (of the enterprise application, not of the app
    registration). With -ApplicationId, Graph is not needed.

    .PARAMETER ApplicationId
    The application (client) id of the service principal.

    .PARAMETER Mechanism
    Rbac or ApplicationAccessPolicy.

    .PARAMETER GroupName
    The mail-enabled security group, by name, alias or address. It is made where it is missing. The
    management scope of Rbac is named after it.

    .PARAMETER Member
    Addresses of the mailboxes that the app may read; also from the pipeline. Other members of the
    group are named, and stay without -Prune.

    .PARAMETER MemberFile
    A file with an address on each line. Blank lines and lines that begin with # are left out.

    .PARAMETER Denied
    Addresses of mailboxes that Mailscope shall prove to be refused. They must not be in the group.

    .PARAMETER DeniedFile
    A file with such addresses, written like -MemberFile.

    .PARAMETER Permission
    What the role of Rbac allows: to read mail, calendars, contacts or mailbox settings. RBAC has no
    basic role for calendars: Calendars.ReadBasic.All gets Application Calendars.Read. A policy knows
    no permissions.

    .PARAMETER Prune
    Removes members that -Member does not name, and asks before. A no to a denied member ends the
    command before it gives access.

    .EXAMPLE
    Set-MailboxScope -Identity mailscope-contoso -Mechanism Rbac -Member support@contoso.example, sales@contoso.example -Denied ceo@contoso.example

    Makes the group mailscope-mailboxes with two mailboxes, and lets the identity read them.

    .EXAMPLE
    Set-MailboxScope mailscope-contoso -Mechanism ApplicationAccessPolicy -MemberFile allowed.txt -Prune -WhatIf

    Says what would be changed to make the group hold exactly the mailboxes of the file.

    .EXAMPLE
    Import-Csv mailboxes.csv | Where-Object expectation -eq allowed | Set-MailboxScope mailscope-contoso -Mechanism Rbac -GroupName "O'Brien's group"

    Takes the members from the list that Mailscope itself reads.

    .EXAMPLE
    Set-MailboxScope -ObjectId 6233fba6-0198-4277-892f-9275bf728bcc -ApplicationId 71487acd-ec93-476d-bd0e-6c8b31831053 -Mechanism Rbac -Member support@contoso.example

    Needs a session in Exchange alone.

    .INPUTS
    System.String: addresses. Objects with a property PrimarySmtpAddress, EmailAddress or Mailbox,
    too.

    .OUTPUTS
    MailboxScope.Scope: ids, group, members, the lines for the app's settings, and what was changed.

    .LINK
    Grant-GraphMailPermission

    .LINK
    Test-MailboxScope
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', DefaultParameterSetName = 'ByIdentity')]
    [OutputType('MailboxScope.Scope')]
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

        [Parameter(Mandatory)]
        [ValidateSet('Rbac', 'ApplicationAccessPolicy', ErrorMessage = "'{0}' is no mechanism. There are Rbac and ApplicationAccessPolicy.")]
        [string]$Mechanism,

        [ValidateScript({ Test-GroupName $_ }, ErrorMessage = "'{0}' cannot name one group. Take a name of up to 64 characters without * and ?, or an address.")]
        [string]$GroupName = 'mailscope-mailboxes',

        [Parameter(ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [Alias('Members', 'PrimarySmtpAddress', 'EmailAddress', 'Mailbox')]
        [AllowEmptyString()]
        [string[]]$Member,

        [string]$MemberFile,

        [AllowEmptyCollection()]
        [string[]]$Denied = @(),

        [string]$DeniedFile,

        [ValidateSet('Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite', 'Calendars.ReadBasic.All', 'Calendars.Read', 'Calendars.ReadWrite', 'Contacts.Read', 'Contacts.ReadWrite', 'MailboxSettings.Read', 'MailboxSettings.ReadWrite', ErrorMessage = "'{0}' reads nothing of a mailbox. Take Mail.ReadBasic, Calendars.Read, Contacts.Read, MailboxSettings.Read or a wider one.")]
        [string]$Permission = 'Mail.ReadBasic',

        [switch]$Prune
    )
    begin {
        # -ErrorAction of the caller must not carry a run past an error.
        $ErrorActionPreference = 'Stop'
        $given = [System.Collections.Generic.List[string]]::new()
    }
    process { foreach ($address in $Member) { $given.Add($address) } }
    end {
        $run = New-Run $PSCmdlet
        $finished = $false
        try {
            $wish = [pscustomobject]@{
                Wanted    = @(Read-Address Member $given $MemberFile)
                Refused   = @(Read-Address Denied $Denied $DeniedFile)
                Mechanism = $Mechanism; GroupName = $GroupName; Permission = $Permission; Prune = [bool]$Prune
            }
            $result = Invoke-Set $run $wish $Identity $ObjectId $ApplicationId
            $finished = $true
        } finally { if (-not $finished) { Write-Stop $run } }
        $result
    }
}
