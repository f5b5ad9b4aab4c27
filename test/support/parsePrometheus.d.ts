// The part of the package `parse-prometheus-text-format` that tests use. The package itself has no types.
declare module 'parse-prometheus-text-format' {
  interface Family {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly { readonly value: string; readonly labels?: Readonly<Record<string, string>> }[];
  }
  function parsePrometheus(text: string): Family[];
  export = parsePrometheus;
}
