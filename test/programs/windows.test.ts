// Programs that depend on ws, on Windows Node under Wine.
import { describe } from 'node:test';
import { canRunWindows } from '../install/projects.js';
import { definePrograms } from './suite.js';

describe('on Windows Node', { skip: !canRunWindows }, () => definePrograms('windows'));
