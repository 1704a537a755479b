/** What `await using` calls: `Symbol.asyncDispose`, where the types of the project and the runtime have it. */
export type AsyncDisposal = {
  readonly [K in keyof SymbolConstructor as K extends 'asyncDispose'
    ? SymbolConstructor[K] & symbol
    : never]: () => Promise<void>;
};
