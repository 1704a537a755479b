// The version resource of the addon, which Windows shows under Properties, Details. Virus scanners suspect files without one.

function versionResource({ name, version, author, description, license }) {
  const numbers = [...version.split('-')[0].split('.'), 0].join(',');
  const strings = {
    CompanyName: author,
    FileDescription: `${name}: the native part`,
    FileVersion: version,
    InternalName: name,
    LegalCopyright: `${license} licence`,
    OriginalFilename: `${name}.node`,
    ProductName: name,
    ProductVersion: version,
    Comments: description,
  };
  const values = Object.entries(strings).map(([key, value]) => `VALUE "${key}", "${value}\\0"`);
  // 2: a DLL. 4: for Windows NT. 0409, 1200: English, Unicode.
  return `1 VERSIONINFO
FILEVERSION ${numbers}
PRODUCTVERSION ${numbers}
FILEOS 4
FILETYPE 2
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904B0"
    BEGIN
      ${values.join('\n      ')}
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x0409, 1200
  END
END
`;
}

module.exports = { versionResource };
