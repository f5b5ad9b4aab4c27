// Makes something once for each name, such as a client. A failure is not kept, so the next caller tries again.

export interface OnceEach<T> {
  get(name: string): Promise<T>;
  /** The next `get` makes it again. */
  forget(name: string): void;
  forgetAll(): void;
}

export function onceEach<T>(make: (name: string) => Promise<T>): OnceEach<T> {
  const made = new Map<string, Promise<T>>();
  return {
    get(name) {
      const found = made.get(name);
      if (found !== undefined) return found;
      const making = make(name);
      made.set(name, making);
      making.catch(() => {
        // Another one may be under way by now.
        if (made.get(name) === making) made.delete(name);
      });
      return making;
    },
    forget: (name) => void made.delete(name),
    forgetAll: () => made.clear(),
  };
}
