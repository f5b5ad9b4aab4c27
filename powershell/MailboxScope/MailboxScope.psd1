@{
    RootModule           = 'MailboxScope.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '3f6f3c0e-6d4b-4f0e-9a3c-5f0b7b1d2c11'
    Author               = 'The Mailscope authors'
    Copyright            = 'MIT licence'
    Description          = 'Limits an app identity to some Microsoft 365 mailboxes, by RBAC for Applications or by an application access policy, and says what it can read.'
    PowerShellVersion    = '7.2'
    CompatiblePSEditions = @('Core')
    # No RequiredModules: it imports anywhere, and each command says what it misses.
    FunctionsToExport    = @('Grant-GraphMailPermission', 'Move-MailboxScope', 'Remove-MailboxScope', 'Set-MailboxScope', 'Test-MailboxScope')
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    FormatsToProcess     = @('MailboxScope.Format.ps1xml')
    PrivateData          = @{ PSData = @{ Tags = @('Exchange', 'MicrosoftGraph', 'RBAC', 'ApplicationAccessPolicy', 'LeastPrivilege') } }
}
