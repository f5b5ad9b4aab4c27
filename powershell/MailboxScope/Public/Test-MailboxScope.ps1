function Test-MailboxScope {
    <#
    .SYNOPSIS
    Compares what Exchange says of a mailbox with a live request, and explains differences.

    .DESCRIPTION
    Test-ServicePrincipalAuthorization knows RBAC and ignores grants in Entra; Test-
    ApplicationAccessPolicy knows policies and ignores RBAC. Neither looks at the token in use. With
    -MailscopeUrl the app itself asks Graph for each mailbox: that is what holds. Changes nothing.

    Sign in first, in one tenant:
      Connect-MgGraph -Scopes 'Application.Read.All'
      Connect-ExchangeOnline
    With -ObjectId and -ApplicationId, Connect-ExchangeOnline alone is enough. Roles in Entra are
    unknown then, and with them what to expect of a mailbox that only such a role would open.

    .PARAMETER Identity
    The service principal, by object id, application (client) id or display name. With both ids
    given it is only a name, and may be left out.

    .PARAMETER ObjectId
    The object id of the service principal (of the enterprise application, not of the app
    registration). With -ApplicationId, Graph is not needed.

    .PARAMETER ApplicationId
    The application (client) id of the service principal.

    .PARAMETER Mailbox
    Addresses of the mailboxes; also from the pipeline. For a live answer Mailscope must list them.

    .PARAMETER Resource
    What is to be read: mail, calendar, contacts or settings, as in Mailscope's GRAPH_RESOURCE. A
    live answer about anything but mail is that of Mailscope's last run, if it is no older than an
    hour.

    .PARAMETER MailscopeUrl
    The address of the Mailscope app that runs as this identity, or has a scope that does.

    .PARAMETER Scope
    The scope of Mailscope that is asked. Without it, the one that asks for this resource as this
    application id. If there is none, it is one with a system-assigned identity, whose id Mailscope
    does not know; -Verbose says so. If nothing fits, Live is Inconclusive and Explanation says
    which scopes there are.

    .PARAMETER FunctionKey
    A function key of that app, best as a SecureString.

    .PARAMETER FailOnDifference
    Ends with an error when a live answer is not the expected one, or when a mailbox could not be
    tested. For pipelines: the objects come first.

    .EXAMPLE
    Test-MailboxScope -Identity mailscope-contoso -Mailbox support@contoso.example, ceo@contoso.example

    What Exchange says.

    .EXAMPLE
    Test-MailboxScope mailscope-contoso ceo@contoso.example -MailscopeUrl https://mailscope-contoso.azurewebsites.net -FunctionKey (Read-Host -AsSecureString)

    The same beside a live request of the app.

    .EXAMPLE
    Test-MailboxScope crm-app ceo@contoso.example -Resource calendar -Scope rooms -MailscopeUrl https://mailscope-contoso.azurewebsites.net

    What the last run of Mailscope's scope rooms saw of a calendar.

    .EXAMPLE
    Get-Content denied.txt | Test-MailboxScope mailscope-contoso -MailscopeUrl http://localhost:7071 -FailOnDifference | ConvertTo-Json -Depth 4

    For a pipeline: JSON, and an error when something differs.

    .INPUTS
    System.String: addresses. Objects with a property PrimarySmtpAddress or EmailAddress, too.

    .OUTPUTS
    MailboxScope.Test, one for each mailbox: Rbac, Policy, EntraRoles, Expected, Live, Agrees and
    Explanation.

    .LINK
    Set-MailboxScope
    #>
    [CmdletBinding(DefaultParameterSetName = 'ByIdentity')]
    [OutputType('MailboxScope.Test')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'ByIdentity')]
        [Parameter(ParameterSetName = 'ByIds')]
        [ValidateScript({ "$_".Trim() }, ErrorMessage = 'Give an object id, an application id or a display name.')]
        [string]$Identity,

        [Parameter(Mandatory, ParameterSetName = 'ByIds')]
        [ValidateScript({ $_ -as [guid] }, ErrorMessage = "'{0}' is not an id such as 6233fba6-0198-4277-892f-9275bf728bcc.")]
        [string]$ObjectId,

        [Parameter(Mandatory, ParameterSetName = 'ByIds')]
        [Alias('AppId', 'ClientId')]
        [ValidateScript({ $_ -as [guid] }, ErrorMessage = "'{0}' is not an id such as 6233fba6-0198-4277-892f-9275bf728bcc.")]
        [string]$ApplicationId,

        [Parameter(Mandatory, Position = 1, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [Alias('PrimarySmtpAddress', 'EmailAddress')]
        [AllowEmptyString()]
        [string[]]$Mailbox,

        [ValidateSet('mail', 'calendar', 'contacts', 'settings', ErrorMessage = "'{0}' is no resource. There are mail, calendar, contacts and settings.")]
        [string]$Resource = 'mail',

        [ValidateScript({ Test-AppUrl $_ }, ErrorMessage = "'{0}' is not an https address (http only for localhost): a key travels with it.")]
        [string]$MailscopeUrl,

        [ValidateScript({ "$_".Trim() }, ErrorMessage = 'Give the name of a scope of Mailscope, such as default.')]
        [string]$Scope,

        [ValidateScript({ $_ -is [securestring] -or $_ -is [string] }, ErrorMessage = 'A function key is text or a SecureString: (Read-Host -AsSecureString).')]
        [object]$FunctionKey,

        [switch]$FailOnDifference
    )
    begin {
        $ErrorActionPreference = 'Stop'
        $given = [System.Collections.Generic.List[string]]::new()
    }
    process { foreach ($address in $Mailbox) { $given.Add($address) } }
    end {
        $addresses = @(Read-Address Mailbox $given)
        if (-not $addresses) { throw (New-ScopeError 'NoMailboxGiven' 'No mailbox is given. Name one as -Mailbox or from the pipeline.') }
        if ($Scope -and -not $MailscopeUrl) { throw (New-ScopeError 'NoMailscope' '-Scope is a scope of a Mailscope app. Add its address as -MailscopeUrl.') }
        $facts = Get-TestFact $Identity $ObjectId $ApplicationId $Resource
        $source = if ($MailscopeUrl) { Get-LiveSource $facts.Principal.AppId $Resource $Scope $MailscopeUrl $FunctionKey }
        $different = [System.Collections.Generic.List[string]]::new()
        Invoke-WithProgress 'Testing mailboxes' $addresses {
            param($address)
            $answer = Get-MailboxTest $facts $address $source
            if (-not $answer.Agrees -or $answer.Expected -eq 'Unknown') { $different.Add($address) }
            $answer
        }
        if ($FailOnDifference -and $different.Count) {
            throw (New-ScopeError 'Difference' "$($different.Count) of $($addresses.Count) mailboxes are not as expected, or could not be tested: $($different -join ', ').")
        }
    }
}
