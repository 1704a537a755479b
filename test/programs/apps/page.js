// The page that webpack-dev-server serves.
console.log('hello');
