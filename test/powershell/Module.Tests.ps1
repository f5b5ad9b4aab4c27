# The module as a person meets it: import, help, parameters, completion and messages. No stand-ins: nothing is signed in here.
param([Parameter(Mandatory)][string]$Module)

BeforeDiscovery {
    Import-Module $Module -Force
    $commands = 'Grant-GraphMailPermission', 'Move-MailboxScope', 'Remove-MailboxScope', 'Set-MailboxScope', 'Test-MailboxScope'
    $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
    $parameters = foreach ($command in $commands) {
        foreach ($parameter in (Get-Command $command).Parameters.Values) {
            if ($parameter.Name -notin $common) { @{ Command = $command; Parameter = $parameter.Name; Type = $parameter.ParameterType } }
        }
    }
}

BeforeAll {
    Import-Module $Module -Force
    # What a command line says when it fails, as a sentence.
    function Get-Failure([scriptblock]$Line) { try { & $Line | Out-Null; 'no error' } catch { "$_" } }
    # Words that a tab would offer after a text.
    function Get-Completion([string]$Text) { (TabExpansion2 $Text $Text.Length).CompletionMatches.CompletionText }
}

Describe 'The module' {
    It 'exports exactly five functions' {
        $exported = (Get-Module MailboxScope).ExportedCommands.Keys | Sort-Object
        $exported | Should-BeCollection @('Grant-GraphMailPermission', 'Move-MailboxScope', 'Remove-MailboxScope', 'Set-MailboxScope', 'Test-MailboxScope')
    }

    It 'has a valid manifest that names them, asks for PowerShell 7.2 and for no other module' {
        $manifest = Test-ModuleManifest "$Module/MailboxScope.psd1"
        $manifest.PowerShellVersion | Should-Be ([version]'7.2')
        $manifest.RequiredModules.Count | Should-Be 0
        $data = Import-PowerShellDataFile "$Module/MailboxScope.psd1"
        $data.FunctionsToExport.Count | Should-Be 5
        $data.ModuleVersion | Should-Be (Get-Content "$Module/../../package.json" -Raw | ConvertFrom-Json).version
    }

    It 'uses verbs that PowerShell knows' {
        $verbs = (Get-Verb).Verb
        foreach ($command in (Get-Module MailboxScope).ExportedFunctions.Values) { $command.Verb -in $verbs | Should-BeTrue }
    }

    It 'has a function in each file of Public, named like the file' {
        (Get-ChildItem "$Module/Public").BaseName | Sort-Object | Should-BeCollection ((Get-Module MailboxScope).ExportedFunctions.Keys | Sort-Object)
    }

    It 'changes nothing of the session that imports it' {
        $shell = [powershell]::Create()
        [void]$shell.AddScript({
                param($Path)
                $ErrorActionPreference = 'Continue'
                $look = { @(Get-Variable -Scope Global | Where-Object Name -notin '?', '^', '$', 'args', 'input', 'look', 'before', 'Error', 'StackTrace', 'problem', 'PWD', 'LASTEXITCODE', 'MyInvocation' | ForEach-Object { "$($_.Name)=$($_.Value)" }) + @(Get-Command -CommandType Function).Name + @(Get-Alias).Name | Where-Object { $_ -notlike '*-MailboxScope' -and $_ -notlike 'Grant-GraphMail*' } }
                $before = & $look
                Import-Module $Path
                [void]$undefinedVariableIsFineHere
                # Strict mode and a preference that leaked would stop here.
                Get-Item /no/such/thing -ErrorVariable problem 2> $null
                Compare-Object $before (& $look) | ForEach-Object { "$($_.SideIndicator) $($_.InputObject)" }
                $PSDefaultParameterValues.Count
                $problem.Count
                $ErrorActionPreference
            }).AddArgument($Module)
        $shell.Invoke() -join '|' | Should-Be '0|1|Continue'
    }

    It 'asks ShouldProcess by -WhatIf where it changes something, with impact High where it removes' {
        $impact = { param($Name) (Get-Command $Name).ScriptBlock.Attributes.Where({ $_ -is [System.Management.Automation.CmdletBindingAttribute] })[0] }
        foreach ($name in 'Remove-MailboxScope', 'Move-MailboxScope') { (& $impact $name).ConfirmImpact | Should-Be 'High' }
        foreach ($name in 'Grant-GraphMailPermission', 'Set-MailboxScope') { (& $impact $name).SupportsShouldProcess | Should-BeTrue }
        (Get-Command Test-MailboxScope).Parameters.ContainsKey('WhatIf') | Should-BeFalse
    }
}

Describe 'A session that is not needed' {
    It 'is looked for without loading a module' {
        $folder = New-Item -ItemType Directory "$TestDrive/FakeGraph"
        Set-Content "$folder/FakeGraph.psm1" 'function Get-FakeContext { }'
        New-ModuleManifest "$folder/FakeGraph.psd1" -RootModule FakeGraph.psm1 -FunctionsToExport Get-FakeContext
        $before = $env:PSModulePath
        try {
            $env:PSModulePath = "$TestDrive$([System.IO.Path]::PathSeparator)$before"
            & (Get-Module MailboxScope) { Test-LoadedCommand Get-FakeContext } | Should-BeFalse
            Get-Module FakeGraph | Should-BeNull
            & (Get-Module MailboxScope) { Test-Command Get-FakeContext } | Should-BeTrue
        } finally {
            $env:PSModulePath = $before
            Remove-Module FakeGraph -ErrorAction Ignore
        }
    }
}

Describe 'Help of <_>' -ForEach $commands {
    BeforeAll { $help = Get-Help $_ -Full }

    It 'has a synopsis that is a sentence' { $help.Synopsis | Should-MatchString '^[A-Z][^\n]{20,}\.$' }

    It 'has a description' { ($help.Description | Out-String).Length | Should-BeGreaterThan 200 }

    It 'has two examples or more, each with a word about it' {
        @($help.Examples.Example).Count | Should-BeGreaterThanOrEqual 2
        foreach ($example in $help.Examples.Example) {
            $example.Code | Should-MatchString ([regex]::Escape($_))
            ($example.Remarks | Out-String).Trim() | Should-NotBeEmptyString
        }
    }

    It 'has examples that parse, with parameters that exist' {
        foreach ($example in $help.Examples.Example) {
            $problems = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($example.Code, [ref]$null, [ref]$problems)
            $problems.Count | Should-Be 0
            $calls = $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)
            foreach ($call in $calls | Where-Object { $_.GetCommandName() -like '*Mail*' }) {
                foreach ($named in $call.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] }) {
                    (Get-Command $call.GetCommandName()).Parameters.ContainsKey($named.ParameterName) | Should-BeTrue -Because $named.ParameterName
                }
            }
        }
    }

    It 'says what comes out, and -Full shows it all' {
        ($help.ReturnValues | Out-String) | Should-MatchString 'MailboxScope\.'
        $shown = $help | Out-String
        foreach ($part in 'SYNOPSIS', 'DESCRIPTION', 'PARAMETERS', 'EXAMPLE 1') { $shown | Should-MatchString $part }
    }
}

Describe 'Parameter <Parameter> of <Command>' -ForEach $parameters {
    It 'is described' {
        $help = Get-Help $Command -Parameter $Parameter
        ($help.Description | Out-String).Trim() | Should-MatchString '(?s)^[A-Z].*\.'
    }

    It 'has a name that is singular and in capitals' {
        $Parameter | Should-MatchString '^[A-Z][A-Za-z]+$'
        $Parameter | Should-NotMatchString '[^s]s$'
    }
}

Describe 'Completion' {
    It 'offers the mechanisms' { Get-Completion 'Set-MailboxScope -Mechanism ' | Should-BeCollection @('ApplicationAccessPolicy', 'Rbac') }
    It 'offers the permissions of RBAC' { Get-Completion 'Move-MailboxScope -Permission Mail.ReadW' | Should-BeCollection @('Mail.ReadWrite') }
    It 'offers permissions that Grant is mostly asked for' { Get-Completion 'Grant-GraphMailPermission -Permission Mail.ReadB' | Should-BeCollection @('Mail.ReadBasic', 'Mail.ReadBasic.All') }
    It 'offers permissions for every kind of data' {
        foreach ($command in 'Set-MailboxScope', 'Grant-GraphMailPermission') {
            Get-Completion "$command -Permission Cal" | Should-BeCollection @('Calendars.ReadBasic.All', 'Calendars.Read', 'Calendars.ReadWrite')
            Get-Completion "$command -Permission Con" | Should-BeCollection @('Contacts.Read', 'Contacts.ReadWrite')
            Get-Completion "$command -Permission Mailb" | Should-BeCollection @('MailboxSettings.Read', 'MailboxSettings.ReadWrite')
        }
    }
    It 'offers the resources' { Get-Completion 'Test-MailboxScope -Resource ' | Should-BeCollection @('calendar', 'contacts', 'mail', 'settings') }
    It 'offers the parameters' { Get-Completion 'Set-MailboxScope -Mem' | Should-BeCollection @('-Member', '-MemberFile') }
    It 'still takes the old name of a parameter' { (Get-Command Set-MailboxScope).ParameterSets[0].Parameters.Where({ $_.Name -eq 'Member' })[0].Aliases -contains 'Members' | Should-BeTrue }
}

Describe 'Messages' {
    It '<Line> says <Says>' -ForEach @(
        @{ Line = 'Set-MailboxScope x -Mechanism Everything -Member a@contoso.example'; Says = "'Everything' is no mechanism. There are Rbac and ApplicationAccessPolicy." }
        @{ Line = 'Set-MailboxScope x -Mechanism Rbac -Member a@contoso.example -Permission Mail.Send'; Says = "'Mail.Send' reads nothing of a mailbox." }
        @{ Line = 'Set-MailboxScope x -Mechanism Rbac -Member a@contoso.example -GroupName *'; Says = "'*' cannot name one group." }
        @{ Line = 'Set-MailboxScope x -Mechanism Rbac -Member support'; Says = "-Member: 'support' is not an address such as support@contoso.example." }
        @{ Line = 'Set-MailboxScope x -Mechanism Rbac'; Says = 'No mailbox is given. Name one as -Member, in -MemberFile or from the pipeline.' }
        @{ Line = 'Set-MailboxScope -ObjectId 12 -ApplicationId 13 -Mechanism Rbac -Member a@contoso.example'; Says = "'12' is not an id such as" }
        @{ Line = 'Grant-GraphMailPermission " "'; Says = 'Give an object id, an application id or a display name.' }
        @{ Line = 'Grant-GraphMailPermission x -Permission Mail.*'; Says = "'Mail.*' is not the name of a permission, such as Mail.ReadBasic." }
        @{ Line = 'Move-MailboxScope x -MailscopeUrl http://mailscope.contoso.example'; Says = 'is not an https address (http only for localhost): a key travels with it.' }
        @{ Line = 'Test-MailboxScope x a@contoso.example -MailscopeUrl http://localhost:7071 -Scope " "'; Says = 'Give the name of a scope of Mailscope, such as default.' }
        @{ Line = 'Test-MailboxScope x a@contoso.example -Scope crm'; Says = '-Scope is a scope of a Mailscope app. Add its address as -MailscopeUrl.' }
        @{ Line = 'Remove-MailboxScope x -FunctionKey 12'; Says = 'A function key is text or a SecureString' }
    ) {
        $said = Get-Failure ([scriptblock]::Create($Line))
        $said | Should-BeLikeString "*$([WildcardPattern]::Escape($Says))*"
        $said | Should-NotMatchString '\^\[|\(\?|ValidateScript|pattern'
    }

    It '<Line> says which module it misses' -ForEach @(
        @{ Line = 'Grant-GraphMailPermission x' }, @{ Line = 'Move-MailboxScope x' }, @{ Line = 'Remove-MailboxScope x' }
        @{ Line = 'Set-MailboxScope x -Mechanism Rbac -Member a@contoso.example' }, @{ Line = 'Test-MailboxScope x a@contoso.example' }
    ) {
        Get-Failure ([scriptblock]::Create($Line)) | Should-MatchString 'Run: Install-Module Microsoft.Graph.Applications, then Connect-MgGraph'
    }

    It 'an id pair misses Exchange alone' {
        Get-Failure { Test-MailboxScope -ObjectId 6233fba6-0198-4277-892f-9275bf728bcc -ApplicationId 71487acd-ec93-476d-bd0e-6c8b31831053 -Mailbox a@contoso.example } |
            Should-MatchString 'Not connected to Exchange Online. Run: Connect-ExchangeOnline \(Install-Module'
    }
}

Describe 'What the commands return' {
    BeforeAll {
        $scope = [pscustomobject]@{
            PSTypeName = 'MailboxScope.Scope'; Summary = 'mailscope: scoped to staff by Rbac'; TenantId = 't'; ObjectId = 'o'; ApplicationId = 'a'; Extra = @()
            Settings = 'ALLOWED_MAILBOXES=support@contoso.example', 'DENIED_MAILBOXES='; Changes = 'one', 'two'; Declined = @(); Next = 'Wait.'
        }
    }

    It 'is shown as lines that can be copied' {
        $shown = $scope | Out-String -Width 200
        foreach ($line in 'mailscope: scoped to staff by Rbac', 'ALLOWED_MAILBOXES=support@contoso.example', 'DENIED_MAILBOXES=', 'two', 'Wait.') { $shown | Should-MatchString ([regex]::Escape($line)) }
        $shown | Should-NotMatchString 'Declined'
    }

    It 'is shown as a table where it is a test' {
        $test = [pscustomobject]@{ PSTypeName = 'MailboxScope.Test'; Mailbox = 'ceo@contoso.example'; Expected = 'Refused'; Live = 'NotAsked'; Agrees = $true; Explanation = @('because') }
        $test | Out-String -Width 200 | Should-MatchString 'Mailbox\s+Expected\s+Live\s+Agrees\s+Explanation'
    }
}

Describe 'A filter of a management scope' {
    It '<Filter> is about <Group>' -ForEach @(
        @{ Filter = "MemberOfGroup -eq 'CN=a,DC=b'"; Group = 'CN=a,DC=b' }
        @{ Filter = " ( memberofgroup  -EQ  'CN=a,DC=b' ) "; Group = 'CN=a,DC=b' }
        @{ Filter = "((MemberOfGroup -eq 'CN=a (b),DC=b'))"; Group = 'CN=a (b),DC=b' }
        @{ Filter = "MemberOfGroup -eq 'CN=O''Brien,DC=b'"; Group = "CN=O'Brien,DC=b" }
    ) { & (Get-Module MailboxScope) { Get-FilterGroup $args[0] } $Filter | Should-Be $Group }

    It '<_> is about no one group' -ForEach @(
        "CustomAttribute1 -eq 'CA'", "-not(MemberOfGroup -eq 'CN=a,DC=b')", "MemberOfGroup -ne 'CN=a,DC=b'", "MemberOfGroup -like 'CN=a,DC=b'", 'MemberOfGroup -eq $null', ''
        "(MemberOfGroup -eq 'CN=a,DC=b') -or (MemberOfGroup -eq 'CN=c,DC=b')", "MemberOfGroup -eq 'CN=a,DC=b' -and Alias -ne 'x'", "MemberOfGroup -eq 'CN=a,DC=b' -or Alias -ne 'x'"
        "(MemberOfGroup -eq 'CN=a,DC=b')) -or ((Alias -ne 'x')"
    ) { & (Get-Module MailboxScope) { Get-FilterGroup $args[0] } $_ | Should-BeNull }
}

Describe 'An absence' {
    BeforeAll {
        function Test-Said([string]$Message, [string]$Id, [string]$Reason) {
            $record = [System.Management.Automation.ErrorRecord]::new([Exception]::new($Message), $Id, 'NotSpecified', $null)
            if ($Reason) { $record.CategoryInfo.Reason = $Reason }
            & (Get-Module MailboxScope) { Test-Absence $args[0] } $record
        }
    }

    It '<Id> <Reason> <Message> is one' -ForEach @(
        @{ Message = 'x'; Id = '[Server=S,RequestId=1,TimeStamp=2] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1082ECE3,Microsoft.Exchange.X'; Reason = '' }
        @{ Message = 'x'; Id = 'x'; Reason = 'ManagementObjectNotFoundException' }
        @{ Message = 'Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|gone'; Id = '[Server=S],Write-ErrorMessage'; Reason = 'Exception' }
        @{ Message = 'x'; Id = 'Request_ResourceNotFound,Microsoft.Graph.PowerShell.Cmdlets.GetMgServicePrincipal_Get'; Reason = '' }
    ) { Test-Said $Message $Id $Reason | Should-BeTrue }

    It '<Id> <Message> is none' -ForEach @(
        @{ Message = 'Response status code does not indicate success: 404 (Not Found).'; Id = 'NotFound,GetMgServicePrincipal_Get' }
        @{ Message = "A parameter cannot be found that matches parameter name 'Identity'."; Id = 'NamedParameterNotFound,Get-ServicePrincipal' }
        @{ Message = "The operation couldn't be performed because object 'x' couldn't be found."; Id = 'x' }
        @{ Message = '<html>ManagementObjectNotFoundException</html>'; Id = 'ProxyError' }
        @{ Message = 'Resource does not exist'; Id = 'ResourceNotFound,GetMgServicePrincipal_Get' }
        @{ Message = 'x'; Id = 'Other,Request_ResourceNotFound' }
    ) { Test-Said $Message $Id '' | Should-BeFalse }
}
