// SPDX-License-Identifier: MIT
// zonemta.js PACKAGE FILE SECONDS: looks every line of FILE up with the bounce
// rules of the npm package zone-mta unpacked in PACKAGE, again and again, and
// prints replies a second of CPU time. Its logger is left out: it is silent
// here, and would have to be installed.
'use strict';
const Module = require('module');
const fs = require('fs');
const load = Module._load;
const silent = new Proxy({}, { get: () => () => {} });

Module._load = (name, ...rest) => (name === 'npmlog' ? silent : load(name, ...rest));
const bounces = require(fs.realpathSync(process.argv[2]) + '/lib/bounces.js');
if (!bounces.rules || bounces.rules.length === 0) {
    bounces.reloadBounces();
}
const replies = fs.readFileSync(process.argv[3], 'utf8').split('\n').slice(0, -1);
const wanted = Number(process.argv[4] || 2) * 1e6;
const start = process.cpuUsage();
let done = 0, spent;

do {
    for (const reply of replies.slice(0, 5000)) {
        bounces.check(reply);
        done++;
    }
    const used = process.cpuUsage(start);
    spent = used.user + used.system;
} while (spent < wanted);
console.log((done / spent * 1e6).toFixed(1));
