// This file is evaluated before each file of tests; what it imports, once in a worker.
import './compare-buffers.js';
