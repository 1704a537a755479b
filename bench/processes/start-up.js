// Prints how long loading the package that the first argument names takes, in ms.

const began = performance.now();
require(process.argv[2]);
console.log(performance.now() - began);
