/** Whether the addon's file is among the modules of this process right now. */
export function isMapped(): boolean {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  report.excludeNetwork = true; // or it asks for the names of all addresses
  const { sharedObjects } = report.getReport() as unknown as { sharedObjects: string[] };
  return sharedObjects.some((file) => /ws[-_]linger\.node$/.test(file));
}
