import WebSocket = require('ws-linger');

import { talk } from './talk.js';

talk(WebSocket);
