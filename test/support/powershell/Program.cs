// Runs a PowerShell script where there is the .NET SDK but no pwsh: `dotnet Host.dll SCRIPT ARGUMENT...`.
// The engine is PowerShell's own; the cmdlets that it keeps elsewhere (Write-Host, ConvertTo-Json) come from prelude.ps1.
using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

using var runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
runspace.Open();
try
{
    Invoke($". '{Path.Combine(AppContext.BaseDirectory, "prelude.ps1")}'");
    Invoke($"& {string.Join(' ', args.Select(argument => $"'{argument.Replace("'", "''")}'"))}");
    return 0;
}
catch (RuntimeException error)
{
    Console.Error.WriteLine($"{error.Message}\n{error.ErrorRecord.ScriptStackTrace}");
    return 1;
}

void Invoke(string line)
{
    using var shell = PowerShell.Create(runspace);
    shell.AddScript(line, useLocalScope: false).Invoke();
    if (shell.Streams.Error.Count > 0) throw new RuntimeException(shell.Streams.Error[0].ToString());
}

/// <summary>JSON as PowerShell's own cmdlets read and write it, as far as the tests need it.</summary>
public static class Json
{
    static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string To(object? value, int depth) => From(value, depth)?.ToJsonString(Options) ?? "null";

    public static object? Parse(string text) => Value(JsonNode.Parse(text));

    static JsonNode? From(object? value, int depth)
    {
        var plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        return plain switch
        {
            null => null,
            bool truth => JsonValue.Create(truth),
            SwitchParameter given => JsonValue.Create(given.IsPresent),
            int or long => JsonValue.Create(Convert.ToInt64(plain)),
            string or Guid or Enum => JsonValue.Create(plain.ToString()),
            _ when depth <= 0 => JsonValue.Create(plain.ToString()),
            IDictionary table => new JsonObject(table.Keys.Cast<object>().Select(key => KeyValuePair.Create(key.ToString()!, From(table[key], depth - 1)))),
            IEnumerable list => new JsonArray(list.Cast<object?>().Select(one => From(one, depth - 1)).ToArray()),
            _ => new JsonObject(PSObject.AsPSObject(value!).Properties.Select(one => KeyValuePair.Create(one.Name, From(one.Value, depth - 1)))),
        };
    }

    static object? Value(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray list:
                return list.Select(Value).ToArray();
            case JsonObject table:
                var made = new PSObject();
                foreach (var (name, value) in table) made.Properties.Add(new PSNoteProperty(name, Value(value)));
                return made;
            case JsonValue value when value.TryGetValue<long>(out var number): return number;
            case JsonValue value when value.TryGetValue<bool>(out var truth): return truth;
            default: return node?.GetValue<string>();
        }
    }
}
