/** Says whether the addon's file is mapped into this process now. */
export function isMapped(): boolean {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  report.excludeNetwork = true; // otherwise the report resolves the host names of all addresses
  const { sharedObjects } = report.getReport() as unknown as { sharedObjects: string[] };
  return sharedObjects.some((file) => /ws[-_]linger\.node$/.test(file));
}
