// Stand-ins for the few cmdlets of Microsoft.PowerShell.Utility that the scripts use: the engine's package comes without them.
using System.Collections;
using System.Management.Automation;
using System.Text.Json;
using System.Text.Json.Nodes;

[Cmdlet("Write", "Host")]
public sealed class WriteHost : PSCmdlet
{
    [Parameter(Position = 0)] public object? Object { get; set; }
    protected override void EndProcessing() => WriteInformation(Object, ["PSHOST"]);
}

[Cmdlet("Write", "Warning")]
public sealed class WriteWarning : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)] public string Message { get; set; } = "";
    protected override void EndProcessing() => WriteWarning(Message);
}

[Cmdlet("ConvertTo", "Json")]
public sealed class ConvertToJson : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)] public object? InputObject { get; set; }
    [Parameter] public int Depth { get; set; } = 2;
    protected override void EndProcessing() => WriteObject(Node(InputObject, Depth)?.ToJsonString() ?? "null");

    static JsonNode? Node(object? value, int depth) => (value is PSObject o ? o.BaseObject : value) switch
    {
        null => null,
        bool b => b,
        int or long => Convert.ToInt64(value),
        SwitchParameter s => s.IsPresent,
        string or ValueType => value!.ToString(),
        _ when depth < 0 => value!.ToString(),
        IDictionary d => new JsonObject(d.Keys.Cast<object>().Select(k => KeyValuePair.Create(k.ToString()!, Node(d[k], depth - 1)))),
        IEnumerable e => new JsonArray(e.Cast<object?>().Select(i => Node(i, depth - 1)).ToArray()),
        _ => new JsonObject(PSObject.AsPSObject(value!).Properties.Select(p => KeyValuePair.Create(p.Name, Node(p.Value, depth - 1)))),
    };
}

[Cmdlet("ConvertFrom", "Json")]
public sealed class ConvertFromJson : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)] public string InputObject { get; set; } = "";
    [Parameter] public SwitchParameter AsHashtable { get; set; }
    protected override void ProcessRecord() => WriteObject(Value(JsonNode.Parse(InputObject), AsHashtable));

    public static object? Value(JsonNode? node, bool asHashtable)
    {
        switch (node)
        {
            case JsonArray a: return a.Select(i => Value(i, asHashtable)).ToArray();
            case JsonObject o when asHashtable:
                var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
                foreach (var (key, value) in o) table[key] = Value(value, true);
                return table;
            case JsonObject o:
                var properties = new PSObject();
                foreach (var (key, value) in o) properties.Properties.Add(new PSNoteProperty(key, Value(value, false)));
                return properties;
            case null: return null;
            default: return node.GetValueKind() switch { JsonValueKind.Number => node.GetValue<long>(), JsonValueKind.String => node.GetValue<string>(), var kind => kind == JsonValueKind.True };
        }
    }
}
