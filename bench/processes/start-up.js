// Prints how long it takes to load the package that the first argument names, in ms.

const began = performance.now();
require(process.argv[2]);
console.log(performance.now() - began);
