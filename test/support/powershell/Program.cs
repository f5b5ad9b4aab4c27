// Runs a script with its arguments as `pwsh -NoProfile -NonInteractive -File` does, where there is a .NET SDK but no pwsh.
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

var state = InitialSessionState.CreateDefault2();
// What the engine's package lacks, with the parameters that the scripts use.
foreach (var (name, type) in new (string, Type)[]
{
    ("Write-Host", typeof(WriteHost)), ("Write-Warning", typeof(WriteWarning)), ("ConvertTo-Json", typeof(ConvertToJson)),
    ("ConvertFrom-Json", typeof(ConvertFromJson)),
}) state.Commands.Add(new SessionStateCmdletEntry(name, type, null));

using var runspace = RunspaceFactory.CreateRunspace(state);
runspace.Open();
using var shell = PowerShell.Create(runspace);
var words = args.Select(a => $"'{CodeGeneration.EscapeSingleQuotedStringContent(a)}'");
try
{
    shell.AddScript($"& {string.Join(' ', words)}").Invoke();
}
catch (RuntimeException e)
{
    Console.Error.WriteLine($"{e.ErrorRecord} {e.ErrorRecord.ScriptStackTrace}");
    return 1;
}
foreach (var error in shell.Streams.Error) Console.Error.WriteLine(error);
return shell.HadErrors ? 1 : 0;
