{
  # cross: set by scripts/node-gyp-cross.js, which builds for Windows on Debian with clang and lld.
  'variables': { 'cross%': 0 },
  'targets': [{
    'target_name': 'ws_linger',
    # The name that the file has in prebuilds/, too.
    'product_name': 'ws-linger',
    'conditions': [
      ['OS=="win"', {
        'sources': [
          'native/addon.cc',
          'native/four_tuple.cc',
          'native/socket_index.cc',
          'native/socket_lookup.cc',
          'native/winsock.cc',
        ],
        'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
        'defines': [
          'NAPI_VERSION=8',
          'NAPI_DISABLE_CPP_EXCEPTIONS',
          'NODE_ADDON_API_DISABLE_DEPRECATED',
          # A worker that is being terminated cannot throw; without this its last call would end the process.
          'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
          '_WIN32_WINNT=0x0A00',
          # Windows 10 1703, whose headers have SIO_TCP_INFO. An older Windows answers that it does not know the request.
          'NTDDI_VERSION=0x0A000003',
          'WIN32_LEAN_AND_MEAN',
        ],
        'conditions': [
          ['cross==1', {
            'win_delay_load_hook': 'false',
            'sources': ['native/cross/guard.cc', 'native/cross/node_imports.cc', 'native/cross/runtime.cc'],
            # gyp adds MSVC's library names; the MinGW linker wants two of them, by its own names.
            'libraries/': [['exclude', '\\.lib"?$']],
            'libraries': ['-lkernel32', '-lws2_32'],
            'cflags!': ['-O3'],
            'cflags': ['-O2', '-Wall', '-Wextra', '-Werror', '-Wno-unknown-attributes', '-Wno-unused-parameter'],
            'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'],
            'ldflags': [
              '-nostdlib', '-s',
              '-Wl,--gc-sections,--no-insert-timestamp,--dynamicbase,--nxcompat,--exclude-all-symbols',
            ],
          }, {
            'libraries': ['-lws2_32.lib'],
            'msvs_settings': {
              'VCCLCompilerTool': { 'AdditionalOptions': ['/std:c++17', '/guard:cf'], 'WarningLevel': 4 },
              'VCLinkerTool': { 'AdditionalOptions': ['/guard:cf'] },
            },
          }],
        ],
      }, {
        # Only Windows has a native part.
        'type': 'none',
      }],
    ],
  }],
}
