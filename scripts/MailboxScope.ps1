# What the scripts of the tenant's side share; each of them dot-sources it.
#
# The cmdlets of Graph and Exchange live in modules, which see neither a script's $WhatIfPreference nor its $ErrorActionPreference:
# every change goes through Invoke-Change, which asks ShouldProcess, and every call stops at its first error.

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

# Microsoft Graph's application id, the same in every tenant.
$GraphAppId = '00000003-0000-0000-c000-000000000000'
# The permissions with which messages can be listed.
$ReadRoles = 'Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite'
# What was done, one sentence each.
$Changes = [System.Collections.Generic.List[string]]::new()

# Makes a change unless -WhatIf or the person says no. $PSCmdlet is the calling script's: this function has none of its own.
function Invoke-Change([string]$Target, [string]$Action, [scriptblock]$Change) {
    if (-not $PSCmdlet.ShouldProcess($Target, $Action)) { return }
    & $Change
    $Changes.Add("$Action ($Target)")
}

# Says at the end what was done, for a person; objects go down the pipeline.
function Write-Summary([string[]]$Lines) {
    if ($Changes.Count -eq 0) { Write-Host 'Nothing was changed.' } else { Write-Host 'Done:' }
    foreach ($change in $Changes) { Write-Host "  $change" }
    foreach ($line in $Lines) { Write-Host $line }
}

# Stops before the first call when a sign-in is missing.
function Assert-SignedIn([switch]$Graph, [switch]$Exchange) {
    if ($Graph -and -not (Get-Command Get-MgServicePrincipal -ErrorAction Ignore)) {
        throw 'The Graph cmdlets are missing: Install-Module Microsoft.Graph.Applications, then Connect-MgGraph -Scopes Application.Read.All,AppRoleAssignment.ReadWrite.All.'
    }
    # Its cmdlets exist only after the sign-in.
    if ($Exchange -and -not (Get-Command Get-DistributionGroup -ErrorAction Ignore)) {
        throw 'Sign in to Exchange first: Install-Module ExchangeOnlineManagement, then Connect-ExchangeOnline, as a member of Organization Management.'
    }
}

# What a Get- cmdlet finds, or nothing when it says that there is no such object. Any other failure is one: also a cmdlet that is
# missing, as those are that the roles of whoever signed in do not hold.
function Find-Existing([scriptblock]$Get) {
    try { & $Get }
    catch [System.Management.Automation.CommandNotFoundException] {
        throw "The cmdlet $($_.Exception.CommandName) is missing. Exchange shows only the cmdlets that your roles allow: sign in as a member of Organization Management."
    }
    catch {
        $isMissing = $_.FullyQualifiedErrorId -match 'NotFound' -or "$_" -match "couldn't (be found|find)|not found|does(n't| not) exist"
        if (-not $isMissing) { throw }
    }
}

# The application's service principal: by object id, by application (client) id, or by display name.
function Find-AppPrincipal([string]$Identity) {
    $found = @()
    if ($Identity -as [guid]) {
        $found = @(Find-Existing { Get-MgServicePrincipal -Filter "appId eq '$Identity'" })
        if ($found.Count -eq 0) { $found = @(Find-Existing { Get-MgServicePrincipal -ServicePrincipalId $Identity }) }
    }
    else {
        $found = @(Find-Existing { Get-MgServicePrincipal -Filter "displayName eq '$($Identity.Replace("'", "''"))'" })
    }
    if ($found.Count -eq 0) {
        throw "There is no service principal ""$Identity"". For a managed identity take the object (principal) id that the function app's page Identity shows, or the Application ID of its enterprise application."
    }
    if ($found.Count -gt 1) {
        $list = ($found | ForEach-Object { "  $($_.DisplayName)  object id $($_.Id)  application id $($_.AppId)" }) -join "`n"
        throw "There are $($found.Count) service principals named ""$Identity"". Name one by its object id:`n$list"
    }
    [pscustomobject]@{ ObjectId = $found[0].Id; AppId = $found[0].AppId; DisplayName = $found[0].DisplayName }
}

function Get-GraphPrincipal { @(Get-MgServicePrincipal -Filter "appId eq '$GraphAppId'")[0] }

# The read roles in Entra that the application holds on Microsoft Graph: tenant-wide, each with the id of its assignment.
function Get-EntraReadRole($Principal) {
    $graph = Get-GraphPrincipal
    $readable = @($graph.AppRoles | Where-Object { $_.Value -in $ReadRoles -and $_.AllowedMemberTypes -contains 'Application' })
    foreach ($assignment in @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.ObjectId -All)) {
        foreach ($role in $readable) {
            if ("$($role.Id)" -eq "$($assignment.AppRoleId)") { [pscustomobject]@{ Value = $role.Value; AssignmentId = $assignment.Id } }
        }
    }
}

function Remove-EntraReadRole($Principal) {
    foreach ($role in @(Get-EntraReadRole $Principal)) {
        Invoke-Change $Principal.DisplayName "Take away $($role.Value) in Entra" {
            Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $Principal.ObjectId -AppRoleAssignmentId $role.AssignmentId
        }
    }
}

# The application's role assignments in Exchange (RBAC for Applications).
function Get-RbacAssignment($Principal) {
    if (-not (Find-Existing { Get-ServicePrincipal -Identity $Principal.ObjectId })) { return }
    Find-Existing { Get-ManagementRoleAssignment -RoleAssignee $Principal.ObjectId }
}

# The application access policies that restrict the application. They are keyed by the application id, never by the object id.
function Get-RestrictPolicy($Principal) {
    @(Find-Existing { Get-ApplicationAccessPolicy }) | Where-Object { $_.AppId -eq $Principal.AppId -and $_.AccessRight -ne 'DenyAccess' }
}

# Whether a policy is about this group. One that does not tell its scope is taken for it.
function Test-PolicyScope($Policy, $Group, [string]$GroupName) {
    $scopes = @($Policy.ScopeName, $Policy.ScopeIdentity) | Where-Object { $_ }
    if (-not $scopes) { return $true }
    $names = @($GroupName, $Group.Name, $Group.DisplayName, $Group.PrimarySmtpAddress, $Group.DistinguishedName, $Group.Guid) | ForEach-Object { "$_" } | Where-Object { $_ }
    [bool]($scopes | Where-Object { "$_" -in $names })
}

function Get-ScopeGroup([string]$GroupName) { @(Find-Existing { Get-DistributionGroup -Identity $GroupName })[0] }

function Get-ScopeMember([string]$GroupName) { @(Find-Existing { Get-DistributionGroupMember -Identity $GroupName -ResultSize Unlimited }) }

# Members that are groups: application access policies follow them, RBAC does not.
function Get-NestedGroup([string]$GroupName) {
    Get-ScopeMember $GroupName | Where-Object { "$($_.RecipientType)" -match 'Group' } | ForEach-Object { $_.PrimarySmtpAddress }
}

# RBAC for Applications: the service principal in Exchange, a management scope over the group's direct members, the role in that scope.
# The assignment comes last: before it the application is let in nowhere.
function Set-RbacScope($Principal, $Group, [string]$GroupName, [string]$Permission) {
    $role = "Application $Permission"
    if (-not (Find-Existing { Get-ServicePrincipal -Identity $Principal.ObjectId })) {
        Invoke-Change $Principal.DisplayName "Make the application known to Exchange, application id $($Principal.AppId), object id $($Principal.ObjectId)" {
            New-ServicePrincipal -AppId $Principal.AppId -ObjectId $Principal.ObjectId -DisplayName $Principal.DisplayName | Out-Null
        }
    }
    # Under -WhatIf there may be no group yet.
    $filter = if ($Group) { "MemberOfGroup -eq '$("$($Group.DistinguishedName)".Replace("'", "''"))'" }
    $scope = @(Find-Existing { Get-ManagementScope -Identity $GroupName })[0]
    if ($scope -and $scope.RecipientFilter -and $filter -and $scope.RecipientFilter -notlike "*$($Group.DistinguishedName)*") {
        throw "There is a management scope ""$GroupName"" with another filter ($($scope.RecipientFilter)). Choose another -GroupName, or remove that scope."
    }
    if (-not $scope) {
        Invoke-Change $GroupName 'Make a management scope over the direct members of the group' {
            New-ManagementScope -Name $GroupName -RecipientRestrictionFilter $filter | Out-Null
        }
    }
    $assigned = @(Get-RbacAssignment $Principal | Where-Object { -not $_.Role -or "$($_.Role)" -eq $role })
    if ($assigned.Count -eq 0) {
        Invoke-Change $Principal.DisplayName "Assign $role in the scope $GroupName, by the object id $($Principal.ObjectId)" {
            New-ManagementRoleAssignment -App $Principal.ObjectId -Role $role -CustomResourceScope $GroupName | Out-Null
        }
    }
}

# Asks the Mailscope at -MailscopeUrl. Answers status and body; never throws for what it answers.
function Invoke-Mailscope([string]$MailscopeUrl, [string]$Path, $FunctionKey) {
    $client = [System.Net.Http.HttpClient]::new()
    try {
        $client.Timeout = [timespan]::FromSeconds(60)
        $key = if ($FunctionKey -is [securestring]) { [System.Net.NetworkCredential]::new('', $FunctionKey).Password } else { "$FunctionKey" }
        if ($key) { $client.DefaultRequestHeaders.Add('x-functions-key', $key) }
        $response = $client.GetAsync("$($MailscopeUrl.TrimEnd('/'))/api/$Path").GetAwaiter().GetResult()
        $text = $response.Content.ReadAsStringAsync().GetAwaiter().GetResult()
        $body = try { $text | ConvertFrom-Json } catch { $null }
        [pscustomobject]@{ Status = [int]$response.StatusCode; Body = $body }
    }
    catch { throw "Mailscope at $MailscopeUrl cannot be asked: $($_.Exception.GetBaseException().Message)" }
    finally { $client.Dispose() }
}

# Why the newest run of Mailscope does not show that the token holds no read role any more; nothing when it does.
function Get-ReadRoleDoubt([string]$MailscopeUrl, $FunctionKey) {
    $answer = Invoke-Mailscope $MailscopeUrl 'runs?top=1' $FunctionKey
    if ($answer.Status -ne 200) { return "Mailscope answered $($answer.Status)$(if ($answer.Status -eq 401) { ': -FunctionKey is missing or wrong' })" }
    $run = @($answer.Body.value)[0]
    if (-not $run) { return 'Mailscope has no run yet' }
    if ($run.status -ne 'completed' -or -not $run.controlHeld) { return "its newest run $($run.id) is $($run.status) and its control $(if ($run.controlHeld) { 'held' } else { 'did not hold' })" }
    $age = [datetimeoffset]::UtcNow - [datetimeoffset]$run.startedAt
    if ($age.TotalHours -gt 1) { return "its newest run $($run.id) is more than an hour old" }
    $held = @($run.roles | Where-Object { $_ -in $ReadRoles })
    if ($held) { return "its newest run $($run.id) still saw $($held -join ', ') in the token, which may take a day to go" }
}
