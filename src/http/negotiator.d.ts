// The part of the package `negotiator` that the app uses. The package itself has no types.
declare module 'negotiator' {
  class Negotiator {
    constructor(request: { readonly headers: Readonly<Record<string, string | undefined>> });
    /** The one of `available` that the header Accept prefers; undefined if it takes none of them. */
    mediaType(available: readonly string[]): string | undefined;
  }
  export = Negotiator;
}
