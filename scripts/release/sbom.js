// The SBOM of the package: npm's, which knows what is installed with it, and the packages whose code is bundled in it.

/** "commander 14.0.3 (MIT)", as scripts/package/licenses.js heads each licence. */
const HEADING = /^(@?[\w./-]+) (\d\S*) \(.+\)$/gm;

/**
 * `installed` and `all` are npm's SBOMs without and with devDependencies, `licenses` is dist/LICENSES.txt. What differs from run to
 * run is taken out, and npm's version: the time becomes that of the commit.
 */
function withBundled({ installed, all, licenses, committedAt }) {
  const { serialNumber: _, metadata, components, dependencies, ...rest } = installed;
  const bundled = [...licenses.matchAll(HEADING)].map(([, name, version]) => {
    const found = all.components.find((component) => component.purl === purlOf(name, version));
    if (!found) throw new Error(`npm's SBOM does not have ${name} ${version}, whose code is in the package`);
    // It was a devDependency of this repository, and is a part of the package.
    return { ...found, properties: [{ name: 'ws-linger:bundled', value: 'true' }] };
  });
  const own = metadata.component;
  return {
    ...rest,
    metadata: {
      ...metadata,
      timestamp: committedAt,
      tools: metadata.tools?.map(({ version: __, ...tool }) => tool),
      component: { ...own, name: 'ws-linger' }, // npm takes the name of the folder
    },
    components: [...components, ...bundled],
    dependencies: [
      ...dependencies.map(({ ref, dependsOn }) => ({
        ref,
        dependsOn: ref === own['bom-ref'] ? [...dependsOn, ...bundled.map((each) => each['bom-ref'])] : dependsOn,
      })),
      ...bundled.map((each) => ({ ref: each['bom-ref'], dependsOn: [] })),
    ],
  };
}

const purlOf = (name, version) => `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;

module.exports = { withBundled };
