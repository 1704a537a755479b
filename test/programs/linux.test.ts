// Programs that depend on ws, on this machine's Node.
import { definePrograms } from './suite.js';

definePrograms('here');
