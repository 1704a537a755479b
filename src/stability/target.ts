/** Where and how a client connects; plain data, since a process of clients is told it in a message. */
export interface Target {
  url: string;
  /** Whether it is the run's own server, which knows each connection by its id. */
  own: boolean;
  /** Whether it sends messages back. */
  echo: boolean;
  insecure: boolean;
  headers: Readonly<Record<string, string>>;
  protocols: readonly string[];
}
