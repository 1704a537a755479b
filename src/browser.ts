// In a browser there is no ws: bundlers resolve this to ws's own answer for browsers, which says so when it is called.
import Upstream = require('ws-upstream');

export = Upstream;
